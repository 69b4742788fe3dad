"""Would it have fired: rules over history, or over figures made up for a test?"""
