"""How messages leave the server: by e-mail, by SMS, or into a folder for the operator."""
