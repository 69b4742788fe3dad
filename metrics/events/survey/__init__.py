"""What can only the whole file tell: day or month first, seconds or milliseconds, whether cached tokens are counted?"""
