"""One row of facts per receipt: derived by one pure function, stored, or derived at the moment."""
