"""Films of recurrent layers: RNN, GRU, LSTM."""
