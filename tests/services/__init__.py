"""Real services for tests, each started by the test run itself on sockets and ports of its own."""
