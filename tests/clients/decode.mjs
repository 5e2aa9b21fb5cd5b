// Decodes with an unmodified prebuilt llama.cpp through node-llama-cpp and prints one JSON line:
//   { device, steps: [{ top, probabilities: { token: p } }], loadMs, decodeMs }
// usage: node decode.mjs --model FILE --gpu cpu|cuda --steps N [--flash] [--forced T,T,...]
//
// Step 0 is the distribution after the prompt. With --forced the given tokens are fed one by one instead of the
// run's own choice, so that two backends see the same context at every step.
import {parseArgs} from "node:util";
import {getLlama, LlamaLogLevel} from "node-llama-cpp";

const {values: options} = parseArgs({
    options: {
        model: {type: "string"},
        gpu: {type: "string", default: "cpu"},
        steps: {type: "string", default: "16"},
        flash: {type: "boolean", default: false},
        forced: {type: "string"},
    },
});
const steps = Number(options.steps);
const forced = options.forced?.split(",").map(Number);
const onGpu = options.gpu === "cuda";

let device = "CPU";
const llama = await getLlama({
    gpu: onGpu ? "cuda" : false,
    build: "never",
    usePrebuiltBinaries: true,
    skipDownload: true,
    progressLogs: false,
    logLevel: LlamaLogLevel.debug,
    // The backend says what it found on the log; that line is the proof of which device computes.
    logger(level, message) {
        const found = /Device \d+: .*/.exec(message);
        if (found != null && onGpu)
            device = found[0].trim();
        if (level === LlamaLogLevel.error || level === LlamaLogLevel.fatal || process.env.CLIENT_LOG === "1")
            console.error(message.trimEnd());
    },
    ...(onGpu ? {vramPadding: 0} : {}),
});
if (onGpu !== (llama.gpu === "cuda"))
    throw new Error(`asked for ${options.gpu}, got ${llama.gpu}`);

const started = performance.now();
const model = await llama.loadModel({
    modelPath: options.model,
    gpuLayers: onGpu ? "max" : 0,
    ignoreMemorySafetyChecks: true,
});
const context = await model.createContext({
    contextSize: 256,
    batchSize: 64,
    threads: 1,
    flashAttention: options.flash,
    ignoreMemorySafetyChecks: true,
});
const loaded = performance.now();

const sequence = context.getSequence();
const results = [];

async function evaluate(tokens) {
    const last = tokens.length - 1;
    const input = tokens.map((token, at) => (at === last ? [token, {generateNext: {probabilities: true}}] : token));
    const output = await sequence.controlledEvaluate(input);
    const probabilities = output[last].next.probabilities;
    const [top] = [...probabilities][0];
    results.push({top, probabilities: Object.fromEntries(probabilities)});
    return top;
}

let token = await evaluate(model.tokenize("the people of the water", true));
for (let step = 1; step < steps; step++)
    token = await evaluate([forced?.[step - 1] ?? token]);

console.log(JSON.stringify({
    device,
    steps: results,
    loadMs: loaded - started,
    decodeMs: performance.now() - loaded,
}));

await context.dispose();
await model.dispose();
await llama.dispose();
