"""The numbers of the workshop as the bot shows them: short lines, a narrow table, one chart."""
