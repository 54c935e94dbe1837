"""How much of a file is read, and how large a model of a file is made.

Each limit is far above what this project writes and far below what exhausts a machine. All are
checked before the memory is taken.
"""

JSON_BYTES = 64 * 2**20  # of one JSON or YAML file: settings, tokenizers, splits
JSON_LINE_BYTES = 16 * 2**20  # of one line of a JSON Lines file
CHECKPOINT_VALUES = {  # the largest numbers of a checkpoint's config.json, by name
    "vocab_size": 2**21,
    "d_model": 2**15,
    "decoder_layers": 256,
    "decoder_heads": 1024,
    "decoder_ffn_dim": 2**17,
    "max_positions": 2**20,
    "graph_heads": 1024,
    "graph_width": 2**15,
    "contrastive_layers": 256,
    "prefix_length": 2**14,
}
MODEL_VALUES = {  # the same of the configuration of a text encoder or an LLM
    "vocab_size": 2**21,
    "hidden_size": 2**16,
    "num_hidden_layers": 512,
    "num_attention_heads": 2**12,
    "num_key_value_heads": 2**12,
    "intermediate_size": 2**19,
    "max_position_embeddings": 2**24,
    "type_vocab_size": 2**12,
    "num_local_experts": 2**12,
    "num_experts": 2**12,
}
SEQUENCE_LENGTH = 2**20  # of findings and impressions, in tokens
NORMALIZER_GROWTH = 64  # how many characters a tokenizer's normalizer may make of one
LORA_RANK = 2**14
