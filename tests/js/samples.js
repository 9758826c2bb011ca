// What arrives from the hub, for the tests: whole objects, of which a test names what it is about.

/**
 * @param {Partial<import('../../static/js/lib/types.js').Identity>} identity
 * @returns {import('../../static/js/lib/types.js').Face}
 */
export const face = (identity) => ({
  box: [10, 20, 50, 60], score: 0.9, track_id: 1, velocity: null, points: null, landmarks: null,
  landmarks_guessed: null, person: null,
  identity: { state: 'undecided', id: null, name: null, distance: null, quality: 0.8, flaws: [], ...identity },
});

/**
 * @param {Partial<import('../../static/js/lib/types.js').CameraView>} [fields]
 * @returns {import('../../static/js/lib/types.js').CameraView}
 */
export const camera = (fields) => ({
  id: 'one', name: 'Hall', address: '192.0.2.7:5001', source: 'demo:', version: '1.0', state: 'online',
  state_reason: null, state_since: 1000, width: 640, height: 480, fps: 25, received_fps: 25, still: false,
  analysed_fps: 0, analysis_error: null, motion: null, sight: null,
  age_ms: 30, people: null, options: [],
  objects: { min_score: 0.3, labels: null }, recording: { mode: 'events', fps: 10 }, masked_by: null, zones: {},
  dropped: { agent: 0, worker: 0, viewers: 0, events: 0 },
  by_hub: false, wrong_token: false, proven: true, registered_at: 1000, last_seen: 1000, ...fields,
});

/**
 * @param {Partial<import('../../static/js/lib/types.js').ModelInfo>} fields
 * @returns {import('../../static/js/lib/types.js').ModelInfo}
 */
export const model = (fields) => ({
  task: 'faces', state: 'ready', model: 'centerface', precision: null, precision_reason: null,
  device: 'CPU', path: null, reason: null, ...fields,
});

/**
 * @param {Partial<import('../../static/js/lib/types.js').EngineStatusView>} [fields]
 * @returns {import('../../static/js/lib/types.js').EngineStatusView}
 */
export const engine = (fields) => ({
  engine: 'ready', engine_reason: null, device: 'CPU', device_reason: null, models: [], analysed_fps: {},
  wanted_fps: {}, ...fields,
});

/** The options of today's hub, in its order. @type {import('../../static/js/lib/types.js').Option[]} */
export const OPTIONS = [
  option('faces', 'Face Detection', { tasks: ['faces'] }),
  option('landmarks', 'Face Landmarks', { tasks: ['faces', 'landmarks'], adds: ['landmarks'] }),
  option('recognition', 'Face Recognition', {
    tasks: ['faces', 'landmarks', 'recognition'], adds: ['person', 'identity'], identifies: true,
  }),
  option('objects', 'Object Detection', { tasks: ['objects'], brings: 'objects', min_scores: [0.05, 0.95] }),
  option('people', 'Number of People', { tasks: ['objects'], brings: 'people' }),
];

/**
 * @param {string} name @param {string} label @param {Partial<import('../../static/js/lib/types.js').Option>} fields
 * @returns {import('../../static/js/lib/types.js').Option}
 */
function option(name, label, fields) {
  return { name, label, tasks: [], brings: 'faces', adds: [], identifies: false, min_scores: null, ...fields };
}

/**
 * @param {Partial<import('../../static/js/lib/types.js').DetectedObject>} fields
 * @returns {import('../../static/js/lib/types.js').DetectedObject}
 */
export const thing = (fields) => ({
  box: [100, 50, 140, 90], score: 0.9, label: 'dog', label_id: 18, track_id: 1, velocity: null, ...fields,
});

/**
 * @param {number} captured_at
 * @param {Partial<import('../../static/js/lib/types.js').NewResult>} [fields]
 * @returns {import('../../static/js/lib/types.js').NewResult}
 */
export const result = (captured_at, fields) => ({
  type: 'result', camera_id: 'one', seq: 1, captured_at, processed_at: captured_at + 0.1,
  unchanged_until: captured_at, scene: 0, width: 640, height: 480, options: [], faces: null, objects: null,
  people: null, ...fields,
});
