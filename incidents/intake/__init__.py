"""Alert intake: what monitoring systems post becomes alerts, incidents, tickets or a count.

In the order in which a request meets them: `views` (the door), `keys` (who posts), `limits`,
`bodies` (bytes to JSON), `adapters` (JSON to readings), `routing` (what a reading leads to),
`process` (one transaction that writes it all) over `statements` (its SQL).
"""
