"""Films of regularisation: dropout."""
