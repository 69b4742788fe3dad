"""From a number to a person: rules are evaluated, alerts become incidents, incidents are told to those who can act."""
