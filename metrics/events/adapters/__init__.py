"""How the files of other tools become events: one YAML file an origin, in the form of `mappings.yaml`."""
