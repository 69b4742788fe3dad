"""Which events are known already?"""
