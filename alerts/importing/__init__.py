"""Rules of others, said in the language of this house; and why not, where they cannot be."""
