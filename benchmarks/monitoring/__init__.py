"""What `judgement_monitoring.py` is made of: scenarios, who judges them, and what is claimed."""
