"""What happens to messages when processes are killed: real processes over a real sandbox, which counts what arrived."""
