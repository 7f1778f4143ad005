"""Neural network parts: reductions over neighbours, GraphSAGE layers, the model, exact inference."""
