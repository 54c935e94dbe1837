"""A tiny Llama with random weights as a GGUF file."""

import gguf
import numpy as np

WORDS = ["<s>", "</s>", *"abcdefghijklmnopqrstuvwxyz.", "Ġ", "ab"]
WIDTH, HEADS, INNER = 32, 2, 64


def write_gguf(path):
    """Write it; returns its embeddings, float32 [words, width]."""
    random = np.random.default_rng(0)

    def matrix(*shape):
        return random.normal(0, 0.02, shape).astype(np.float32)

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(128)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(WORDS))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(WORDS)
    writer.add_token_types([3, 3, *[1] * (len(WORDS) - 2)])
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    embeddings = matrix(len(WORDS), WIDTH)
    writer.add_tensor("token_embd.weight", embeddings)
    for name in ("attn_norm", "ffn_norm"):
        writer.add_tensor(f"blk.0.{name}.weight", np.ones(WIDTH, np.float32))
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        writer.add_tensor(f"blk.0.{name}.weight", matrix(WIDTH, WIDTH))
    writer.add_tensor("blk.0.ffn_gate.weight", matrix(INNER, WIDTH))
    writer.add_tensor("blk.0.ffn_up.weight", matrix(INNER, WIDTH))
    writer.add_tensor("blk.0.ffn_down.weight", matrix(WIDTH, INNER))
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    writer.add_tensor("output.weight", matrix(len(WORDS), WIDTH))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return embeddings
