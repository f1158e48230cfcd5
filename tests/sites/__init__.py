"""Sites and documents built from nothing with the real programs, films pasted in as a user would: `./run sites`."""
