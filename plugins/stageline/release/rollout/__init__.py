"""How a canary fares beside the champion, and what its rollout does next: pure functions over what was observed."""
