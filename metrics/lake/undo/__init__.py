"""How is taken back what a file brought: forgotten, replaced, priced anew?"""
