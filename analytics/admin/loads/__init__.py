"""The present in the office: what is here, who has it, and what people answer for."""
