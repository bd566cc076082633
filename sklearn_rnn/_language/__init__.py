"""What a language model is made of: how it trains, scores and writes texts."""
