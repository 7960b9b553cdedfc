// Reads what twin/animation_data.cc embeds, and tells where everyone is at any time.

/** Zigzag varints of a base64 text, one after another (twin/column_code.h). */
class VarintColumn {
  constructor(base64) {
    const text = atob(base64);
    this.bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; ++i) this.bytes[i] = text.charCodeAt(i);
    this.at = 0;
  }

  next() {
    let value = 0, scale = 1, byte;
    do {
      byte = this.bytes[this.at++];
      value += (byte & 127) * scale;
      scale *= 128;
    } while (byte & 128);
    return value % 2 ? -(value + 1) / 2 : value / 2;
  }
}

/** Everyone's poses over time. Track k is a vehicle's entries of consecutive frames. */
class Tracks {
  constructor(data) {
    const {count, entries} = data.tracks;
    this.times = Tracks.readTimes(data);
    this.vehicle = new Int32Array(count);
    this.first = new Int32Array(count);   // frame
    this.length = new Int32Array(count);  // frames
    this.begin = new Int32Array(count);   // entry
    const heads = new VarintColumn(data.tracks.heads);
    for (let k = 0, entry = 0; k < count; ++k) {
      this.vehicle[k] = heads.next();
      this.first[k] = heads.next();
      this.length[k] = heads.next();
      this.begin[k] = entry;
      entry += this.length[k];
    }
    this.x = this.read(data.tracks.x, entries, data.placeUnit, 2);
    this.y = this.read(data.tracks.y, entries, data.placeUnit, 2);
    this.heading = this.read(data.tracks.angle, entries, 1, 1);
    for (let i = 0; i < entries; ++i) {
      this.heading[i] = Math.PI / 2 - this.heading[i] * 2 * Math.PI / data.turn;
    }
    this.speed = this.read(data.tracks.speed, entries, data.speedUnit, 1);
    this.accel = this.read(data.tracks.accel, entries, data.speedUnit, 1);
    this.lane = this.readRuns(data.tracks.lane, entries);
    this.shown = Tracks.emptyScene(count);
  }

  static readTimes(data) {
    const column = new VarintColumn(data.times), times = new Float64Array(data.frames);
    for (let frame = 0, value = 0, step = 0; frame < data.frames; ++frame) {
      step += column.next();
      value += step;
      times[frame] = value * data.timeUnit;
    }
    return times;
  }

  static emptyScene(count) {
    const fields = {size: 0};
    for (const name of ['vehicle', 'lane']) fields[name] = new Int32Array(count);
    for (const name of ['x', 'y', 'heading', 'speed', 'accel']) {
      fields[name] = new Float64Array(count);
    }
    return fields;
  }

  /** A column of first or second differences, which begin anew with each track. */
  read(base64, entries, unit, order) {
    const column = new VarintColumn(base64), out = new Float32Array(entries);
    for (let k = 0; k < this.begin.length; ++k) {
      let value = 0, step = 0;
      for (let i = 0; i < this.length[k]; ++i) {
        const now = value + step + column.next();
        if (order === 2 && i > 0) step = now - value;
        value = now;
        out[this.begin[k] + i] = value * unit;
      }
    }
    return out;
  }

  readRuns(base64, entries) {
    const column = new VarintColumn(base64), out = new Int32Array(entries);
    for (let k = 0; k < this.begin.length; ++k) {
      const end = this.begin[k] + this.length[k];
      for (let at = this.begin[k], value = 0; at < end;) {
        const run = column.next();
        value += column.next();
        out.fill(value, at, at + run);
        at += run;
      }
    }
    return out;
  }

  get start() { return this.times[0]; }
  get end() { return this.times[this.times.length - 1]; }

  /** The last frame at or before `time`. */
  frameAt(time) {
    let low = 0, high = this.times.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.times[middle] <= time) low = middle; else high = middle;
    }
    return low;
  }

  /** Everyone at `time`, between two frames on a smooth curve; valid until the next call. */
  sceneAt(time) {
    const frame = this.frameAt(time), scene = this.shown;
    const step = frame + 1 < this.times.length ? this.times[frame + 1] - this.times[frame] : 0;
    const share = step > 0 ? Math.max(0, (time - this.times[frame]) / step) : 0;
    scene.size = 0;
    for (let k = 0; k < this.begin.length; ++k) {
      const at = frame - this.first[k];
      if (at < 0 || at >= this.length[k]) continue;
      const last = at + 1 === this.length[k];
      if (last && share > 0) continue;  // gone before the next frame
      this.place(scene, k, this.begin[k] + at, last ? 0 : share, step);
    }
    return scene;
  }

  place(scene, track, i, share, step) {
    const n = scene.size++;
    const j = share > 0 ? i + 1 : i;
    scene.vehicle[n] = this.vehicle[track];
    scene.lane[n] = this.lane[i];
    scene.speed[n] = this.speed[i] + share * (this.speed[j] - this.speed[i]);
    scene.accel[n] = this.accel[i] + share * (this.accel[j] - this.accel[i]);
    scene.heading[n] = this.heading[i] + share * (this.heading[j] - this.heading[i]);
    const dx = this.x[j] - this.x[i], dy = this.y[j] - this.y[i];
    scene.x[n] = this.x[i] + share * dx;
    scene.y[n] = this.y[i] + share * dy;
    const driven = (this.speed[i] + this.speed[j]) / 2 * step;
    const chord = Math.hypot(dx, dy);
    if (share === 0 || chord < 0.6 * driven || chord > 1.4 * driven) return;
    // Cubic Hermite along the headings: a straight line would cut every corner.
    const s = share, from = s * (1 - s) * (1 - s), to = s * s * (s - 1);
    const blend = s * s * (3 - 2 * s) - s;
    const a = this.heading[i], b = this.heading[j];
    scene.x[n] += blend * dx + chord * (from * Math.cos(a) + to * Math.cos(b));
    scene.y[n] += blend * dy + chord * (from * Math.sin(a) + to * Math.sin(b));
  }
}

/** The state letters of every signal at a frame. */
class Signals {
  constructor(data) {
    this.states = data.signals.states;
    this.changes = data.signals.changes;
  }

  letter(signal, link, frame) {
    const steps = this.changes[signal];
    if (!steps || steps.length === 0) return '';
    let low = 0, high = steps.length / 2;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (steps[2 * middle] <= frame) low = middle; else high = middle;
    }
    return this.states[steps[2 * low + 1]][link] || '';
  }
}
