"""What `judgement_rollout.py` is made of: settings, traces, who judges them, and what is claimed."""
