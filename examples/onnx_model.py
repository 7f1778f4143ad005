"""A model leaves for onnxruntime, which needs neither torch nor this package: pip install onnx onnxscript onnxruntime."""

import numpy as np
import onnxruntime
import torch

import graphsage as gs

data = gs.load_dataset("sbm:nodes=3000,degree=10,homophily=0.9")  # made on the spot; or a name, or a folder
model = gs.GraphSAGE(data.num_features, 64, data.num_classes)
trainer = gs.Trainer(model, data, gs.TrainConfig(fanouts=(5, 5), batch_size=128, epochs=3, learning_rate=0.01))
trainer.fit()

plain = gs.interop.exportable(model)
torch.onnx.export(plain, plain.inputs, "model.onnx", dynamic_shapes=plain.sizes, dynamo=True)

# From here on in numpy: the whole graph goes in, and two rows of it are asked for.
features, edges, seeds = data.features, np.stack(data.graph.to_edges()).astype(np.int64), np.array([5, 17])
session = onnxruntime.InferenceSession("model.onnx")
(logits,) = session.run(None, {"x": features, "edge_index": edges, "seeds": seeds})
print(f"apart by {np.abs(logits - trainer.predict(seeds).outputs).max():.0e}")
