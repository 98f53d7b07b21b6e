"""All durable state: in Redis or Valkey, or in memory for offline use.

Only this room knows redis.
"""
