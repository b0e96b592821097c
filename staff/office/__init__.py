"""The office site's door: who acts, one form per verb, one page for all of them."""
