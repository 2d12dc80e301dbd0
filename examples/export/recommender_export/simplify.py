"""Makes exported graphs smaller where the exporter asks every tensor anew for extents that an input already says."""

import onnx
from onnx import helper, numpy_helper, shape_inference


def share_extents(model: onnx.ModelProto) -> onnx.ModelProto:
    """Reads each extent from the first input that has it, so that the runtime can merge what is computed from it.

    ``Gather(Shape(x), k)`` becomes a constant or the same of an input, where shape inference proves that they are equal. An
    exported transformer asks for its batch a dozen times a layer; on small models that is a good part of a run.
    """
    inferred = shape_inference.infer_shapes(model, data_prop=True)
    graph = inferred.graph
    extents = {v.name: v.type.tensor_type.shape.dim for v in (*graph.value_info, *graph.input)
               if v.type.tensor_type.HasField("shape")}
    constants = {n.output[0]: numpy_helper.to_array(n.attribute[0].t) for n in graph.node
                 if n.op_type == "Constant" and n.attribute[0].name == "value"}
    constants |= {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    shapes = {n.output[0]: n.input[0] for n in graph.node if n.op_type == "Shape" and not n.attribute}
    sources = {}
    for value in graph.input:
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            if dim.dim_param:
                sources.setdefault(dim.dim_param, (value.name, axis))
    added, shaped = [], {}
    for node in graph.node:
        if node.op_type != "Gather" or node.input[0] not in shapes or constants.get(node.input[1]) is None:
            continue
        index, dims = constants[node.input[1]], extents.get(shapes[node.input[0]])
        if index.ndim > 1 or index.size != 1 or dims is None or not -len(dims) <= index.item() < len(dims):
            continue
        dim = dims[index.item()]
        name = f"extent.{len(added)}"
        if dim.HasField("dim_value"):
            added.append(helper.make_node("Constant", [], [name], value=numpy_helper.from_array(
                index * 0 + dim.dim_value, name)))
            node.op_type, node.input[:] = "Identity", [name]
            del node.attribute[:]
        elif dim.dim_param in sources:
            source, axis = sources[dim.dim_param]
            if source not in shaped:
                shaped[source] = f"shape.{len(shaped)}"
                added.append(helper.make_node("Shape", [source], [shaped[source]]))
            added.append(helper.make_node("Constant", [], [name], value=numpy_helper.from_array(index * 0 + axis, name)))
            node.input[:] = [shaped[source], name]
    needed, kept = {value.name for value in graph.output}, []
    for node in reversed(added + list(graph.node)):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(node.input)
            needed.update(name for a in node.attribute for inner in a.g.node for name in inner.input)
    del graph.node[:]
    graph.node.extend(reversed(kept))
    del graph.value_info[:]
    return inferred


def halve_weights(model: onnx.ModelProto, least: int = 256) -> onnx.ModelProto:
    """Stores weights as float16 and computes in float32: half the file, and the speed of the original.

    Arithmetic in float16 itself is emulated on most CPUs, hundreds of times slower. Weights of fewer than ``least`` numbers
    stay as they are, and so does one that float16 cannot hold.
    """
    halved = onnx.ModelProto()
    halved.CopyFrom(model)
    graph, casts = halved.graph, []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != "float32" or values.size < least or abs(values).max() > 65504:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype("float16"), name + ".half"))
        casts.append(helper.make_node("Cast", [name + ".half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return halved
