// Decodes with a prebuilt llama.cpp. Prints a line of JSON when the model is there, { device, backendMs, modelMs, weightsMs },
// and then one for each line of standard input, which is a number of steps: { tokens, promptMs, firstMs, tokensPerSecond }.
// usage: decode BACKENDS BACKEND PROMPT LAYERS EMBEDDING VOCABULARY
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
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr uint32_t HEAD = 64;
// Decoded before the clock of tokensPerSecond starts: kernels are compiled, graphs are captured. firstMs is theirs.
constexpr int WARM_UP = 8;

using clock_type = std::chrono::steady_clock;

double ms_since(clock_type::time_point started) {
    return std::chrono::duration<double, std::milli>(clock_type::now() - started).count();
}

[[noreturn]] void fail(const char * what) {
    std::fprintf(stderr, "decode: %s\n", what);
    std::exit(1);
}

uint64_t mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

size_t threads(unsigned most) {
    return std::max(1u, std::min(most, std::thread::hardware_concurrency()));
}

// All weights of tensors with rows of one length: uniform, with the deviation that keeps sums over a row near one.
std::vector<ggml_fp16_t> weights_of_rows(int64_t row) {
    const float scale = std::sqrt(3.0f / float(row)) / 32768.0f;
    std::vector<ggml_fp16_t> weights(1 << 16);
    for (size_t bits = 0; bits < weights.size(); bits++) {
        weights[bits] = ggml_fp32_to_fp16(float(int16_t(bits)) * scale);
    }
    return weights;
}

double filling_ms = 0;

// Weights from a tensor's name and their place in it.
void fill(ggml_tensor * tensor, void *) {
    const auto started = clock_type::now();
    uint64_t seed = 1469598103934665603;
    for (const char * letter = tensor->name; *letter != 0; letter++) {
        seed = (seed ^ uint8_t(*letter)) * 1099511628211;
    }
    const size_t count = size_t(ggml_nelements(tensor));
    if (tensor->type == GGML_TYPE_F32) {
        // Norms; everything else is f16.
        const std::vector<float> ones(count, 1.0f);
        ggml_backend_tensor_set(tensor, ones.data(), 0, ggml_nbytes(tensor));
        return;
    }
    if (tensor->type != GGML_TYPE_F16 || count % 4 != 0) {
        fail("a tensor of another type");
    }
    static std::map<int64_t, std::vector<ggml_fp16_t>> by_row;
    std::vector<ggml_fp16_t> & weights = by_row[tensor->ne[0]];
    if (weights.empty()) {
        weights = weights_of_rows(tensor->ne[0]);
    }
    // Kept, for pages are dear.
    static std::vector<ggml_fp16_t> values;
    values.resize(std::max(values.size(), count));
    const auto fill_part = [&](size_t from, size_t to) {
        for (size_t i = from; i < to; i += 4) {
            const uint64_t bits = mixed(seed + i * 0x9e3779b97f4a7c15);
            for (size_t k = 0; k < 4; k++) {
                values[i + k] = weights[uint16_t(bits >> (16 * k))];
            }
        }
    };
    const size_t part = (count / threads(16) + 4) / 4 * 4;
    std::vector<std::thread> running;
    for (size_t from = 0; from < count; from += part) {
        running.emplace_back(fill_part, from, std::min(from + part, count));
    }
    for (std::thread & thread : running) {
        thread.join();
    }
    ggml_backend_tensor_set(tensor, values.data(), 0, count * sizeof(ggml_fp16_t));
    filling_ms += ms_since(started);
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

// One turn: the prompt, then so many steps.
void decode(llama_context * context, std::vector<llama_token> & prompt, int steps, uint32_t vocabulary) {
    llama_memory_clear(llama_get_memory(context), true);
    const auto prompted = clock_type::now();
    if (llama_decode(context, llama_batch_get_one(prompt.data(), int32_t(prompt.size()))) != 0) {
        fail("the prompt is not decoded");
    }
    llama_token token = likeliest(context, vocabulary);
    const double prompt_ms = ms_since(prompted);

    std::vector<llama_token> tokens;
    const auto run = [&](int count) {
        const auto started = clock_type::now();
        for (int step = 0; step < count; step++) {
            tokens.push_back(token);
            if (llama_decode(context, llama_batch_get_one(&token, 1)) != 0) {
                fail("a token is not decoded");
            }
            token = likeliest(context, vocabulary);
        }
        return ms_since(started);
    };
    const double first_ms = run(WARM_UP);
    const double decode_ms = run(steps);
    std::printf("{\"tokens\":[");
    for (size_t i = 0; i < tokens.size(); i++) {
        std::printf("%s%d", i == 0 ? "" : ",", int(tokens[i]));
    }
    std::printf("],\"promptMs\":%.3f,\"firstMs\":%.3f,\"tokensPerSecond\":%.3f}\n", prompt_ms, first_ms, steps * 1e3 / decode_ms);
    std::fflush(stdout);
}

} // namespace

int main(int argc, char ** argv) {
    if (argc != 7) {
        fail("usage: decode BACKENDS BACKEND PROMPT LAYERS EMBEDDING VOCABULARY");
    }
    const int prompt_len = std::atoi(argv[3]);
    const shape model_shape = {uint32_t(std::atoi(argv[4])), uint32_t(std::atoi(argv[5])), uint32_t(std::atoi(argv[6]))};
    llama_log_set(say_nothing_but_errors, nullptr);

    const auto began = clock_type::now();
    ggml_backend_dev_t device = nullptr;
    if (std::strcmp(argv[2], "-") != 0) {
        ggml_backend_reg_t backend = ggml_backend_load(argv[2]);
        if (backend == nullptr || ggml_backend_reg_dev_count(backend) == 0) {
            fail("the backend has no device");
        }
        device = ggml_backend_reg_dev_get(backend, 0);
    }
    ggml_backend_load_all_from_path(argv[1]);
    const double backend_ms = ms_since(began);

    const auto loading = clock_type::now();
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
    params.n_threads = params.n_threads_batch = int(threads(8));
    llama_context * context = llama_init_from_model(model, params);
    if (context == nullptr) {
        fail("no context");
    }
    std::vector<llama_token> prompt(prompt_len);
    for (int i = 0; i < prompt_len; i++) {
        prompt[i] = llama_token(mixed(uint64_t(i) + 1) % model_shape.vocabulary);
    }
    std::printf("{\"device\":\"%s\",\"backendMs\":%.3f,\"modelMs\":%.3f,\"weightsMs\":%.3f}\n",
        device == nullptr ? "CPU" : ggml_backend_dev_description(device), backend_ms, ms_since(loading), filling_ms);
    std::fflush(stdout);

    char line[64];
    while (std::fgets(line, sizeof line, stdin) != nullptr) {
        decode(context, prompt, std::atoi(line), model_shape.vocabulary);
    }
    llama_free(context);
    llama_model_free(model);
    gguf_free(description);
    return 0;
}
