"""GGUF files: what they hold, and a folder of safetensors made of one."""
