// Decodes with a prebuilt llama.cpp and prints one JSON line: { device, tokens, promptMs, tokensPerSecond }.
// usage: decode BACKENDS BACKEND PROMPT STEPS LAYERS EMBEDDING VOCABULARY
//
// BACKENDS is the folder of the CPU's backends; BACKEND is the library to compute with instead, or "-". The model is a
// llama of random weights in f16, made in the backend's own memory: the same weights everywhere, and no file.
#include "ggml-backend.h"
#include "gguf.h"
#include "llama.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr uint32_t HEAD = 64;
// Decoded before the clock starts: kernels are compiled, graphs are captured.
constexpr int WARM_UP = 8;

[[noreturn]] void fail(const char * what) {
    std::fprintf(stderr, "decode: %s\n", what);
    std::exit(1);
}

uint64_t mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

// Weights from a tensor's name and their place in it.
void fill(ggml_tensor * tensor, void *) {
    uint64_t seed = 1469598103934665603;
    for (const char * letter = tensor->name; *letter != 0; letter++) {
        seed = (seed ^ uint8_t(*letter)) * 1099511628211;
    }
    const int64_t count = ggml_nelements(tensor);
    if (tensor->type == GGML_TYPE_F32) {
        // Norms; everything else is f16.
        const std::vector<float> ones(count, 1.0f);
        ggml_backend_tensor_set(tensor, ones.data(), 0, ggml_nbytes(tensor));
        return;
    }
    if (tensor->type != GGML_TYPE_F16) {
        fail("a tensor of another type");
    }
    // Uniform, with the deviation that keeps sums over a row near one.
    const float scale = std::sqrt(3.0f / float(tensor->ne[0])) / 32768.0f;
    std::vector<ggml_fp16_t> part(1 << 20);
    for (int64_t at = 0; at < count; at += int64_t(part.size())) {
        const int64_t len = std::min(int64_t(part.size()), count - at);
        for (int64_t i = 0; i < len; i += 4) {
            const uint64_t bits = mixed(seed + uint64_t(at + i) * 0x9e3779b97f4a7c15);
            for (int k = 0; k < 4 && i + k < len; k++) {
                part[i + k] = ggml_fp32_to_fp16(float(int16_t(bits >> (16 * k))) * scale);
            }
        }
        ggml_backend_tensor_set(tensor, part.data(), at * 2, len * 2);
    }
}

struct shape {
    uint32_t layers;
    uint32_t embedding;
    uint32_t vocabulary;

    uint32_t heads() const { return embedding / HEAD; }
    uint32_t feed_forward() const { return embedding * 11 / 4 / 64 * 64; }
};

gguf_context * describe(const shape & model) {
    gguf_context * file = gguf_init_empty();
    gguf_set_val_str(file, "general.architecture", "llama");
    const struct { const char * key; uint32_t value; } numbers[] = {
        {"llama.context_length", 2048},
        {"llama.embedding_length", model.embedding},
        {"llama.block_count", model.layers},
        {"llama.feed_forward_length", model.feed_forward()},
        {"llama.attention.head_count", model.heads()},
        {"llama.attention.head_count_kv", model.heads() / 4 > 0 ? model.heads() / 4 : 1},
        {"llama.rope.dimension_count", HEAD},
        {"llama.vocab_size", model.vocabulary},
    };
    for (const auto & number : numbers) {
        gguf_set_val_u32(file, number.key, number.value);
    }
    gguf_set_val_f32(file, "llama.attention.layer_norm_rms_epsilon", 1e-5f);
    gguf_set_val_str(file, "tokenizer.ggml.model", "none");
    // Only names, types and the number of tensors count here.
    const auto add = [&](const std::string & name, ggml_type type) {
        ggml_tensor tensor;
        std::memset(&tensor, 0, sizeof tensor);
        tensor.type = type;
        ggml_set_name(&tensor, name.c_str());
        gguf_add_tensor(file, &tensor);
    };
    add("token_embd.weight", GGML_TYPE_F16);
    add("output_norm.weight", GGML_TYPE_F32);
    add("output.weight", GGML_TYPE_F16);
    for (uint32_t layer = 0; layer < model.layers; layer++) {
        const std::string block = "blk." + std::to_string(layer) + ".";
        for (const char * part : {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"}) {
            add(block + part + ".weight", GGML_TYPE_F16);
        }
        for (const char * part : {"attn_norm", "ffn_norm"}) {
            add(block + part + ".weight", GGML_TYPE_F32);
        }
    }
    return file;
}

double ms_since(std::chrono::steady_clock::time_point started) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
}

llama_token likeliest(llama_context * context, uint32_t vocabulary) {
    const float * logits = llama_get_logits_ith(context, -1);
    uint32_t best = 0;
    for (uint32_t token = 1; token < vocabulary; token++) {
        if (!(logits[token] <= logits[best])) {
            best = token;
        }
    }
    if (std::isnan(logits[best])) {
        fail("a logit that is not a number");
    }
    return llama_token(best);
}

void say_nothing_but_errors(ggml_log_level level, const char * text, void *) {
    if (level == GGML_LOG_LEVEL_ERROR || std::strstr(text, "Device 0") != nullptr) {
        std::fputs(text, stderr);
    }
}

} // namespace

int main(int argc, char ** argv) {
    if (argc != 8) {
        fail("usage: decode BACKENDS BACKEND PROMPT STEPS LAYERS EMBEDDING VOCABULARY");
    }
    const int prompt_len = std::atoi(argv[3]);
    const int steps = std::atoi(argv[4]);
    const shape model_shape = {uint32_t(std::atoi(argv[5])), uint32_t(std::atoi(argv[6])), uint32_t(std::atoi(argv[7]))};
    llama_log_set(say_nothing_but_errors, nullptr);

    ggml_backend_dev_t device = nullptr;
    if (std::strcmp(argv[2], "-") != 0) {
        ggml_backend_reg_t backend = ggml_backend_load(argv[2]);
        if (backend == nullptr || ggml_backend_reg_dev_count(backend) == 0) {
            fail("the backend has no device");
        }
        device = ggml_backend_reg_dev_get(backend, 0);
    }
    ggml_backend_load_all_from_path(argv[1]);

    llama_model_params model_params = llama_model_default_params();
    ggml_backend_dev_t devices[] = {device, nullptr};
    model_params.devices = devices;
    model_params.n_gpu_layers = device == nullptr ? 0 : 999;
    gguf_context * description = describe(model_shape);
    llama_model * model = llama_model_init_from_user(description, fill, nullptr, model_params);
    if (model == nullptr) {
        fail("no model");
    }
    llama_context_params params = llama_context_default_params();
    params.n_ctx = 1024;
    params.n_batch = prompt_len;
    params.n_ubatch = prompt_len;
    params.n_threads = params.n_threads_batch = int(std::max(1u, std::min(8u, std::thread::hardware_concurrency())));
    llama_context * context = llama_init_from_model(model, params);
    if (context == nullptr) {
        fail("no context");
    }

    std::vector<llama_token> prompt(prompt_len);
    for (int i = 0; i < prompt_len; i++) {
        prompt[i] = llama_token(mixed(uint64_t(i) + 1) % model_shape.vocabulary);
    }
    const auto prompted = std::chrono::steady_clock::now();
    if (llama_decode(context, llama_batch_get_one(prompt.data(), prompt_len)) != 0) {
        fail("the prompt is not decoded");
    }
    llama_token token = likeliest(context, model_shape.vocabulary);
    const double prompt_ms = ms_since(prompted);

    std::vector<llama_token> tokens;
    auto started = std::chrono::steady_clock::now();
    for (int step = 0; step < WARM_UP + steps; step++) {
        if (step == WARM_UP) {
            started = std::chrono::steady_clock::now();
        }
        tokens.push_back(token);
        if (llama_decode(context, llama_batch_get_one(&token, 1)) != 0) {
            fail("a token is not decoded");
        }
        token = likeliest(context, model_shape.vocabulary);
    }
    const double decode_ms = ms_since(started);

    std::printf("{\"device\":\"%s\",\"tokens\":[", device == nullptr ? "CPU" : ggml_backend_dev_description(device));
    for (size_t i = 0; i < tokens.size(); i++) {
        std::printf("%s%d", i == 0 ? "" : ",", int(tokens[i]));
    }
    std::printf("],\"promptMs\":%.3f,\"tokensPerSecond\":%.3f}\n", prompt_ms, steps * 1e3 / decode_ms);
    std::fflush(stdout);

    llama_free(context);
    llama_model_free(model);
    gguf_free(description);
    return 0;
}
