"""What happens to messages when everything around the gateway fails."""
