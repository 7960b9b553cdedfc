// Draws one moment of the run on a canvas.

/** What of the map is on the screen: a centre in metres and pixels a metre. */
class View {
  constructor(bounds) {
    this.bounds = bounds;
    this.x = this.y = 0;
    this.scale = 1;
    this.width = this.height = 1;
  }

  fit() {
    const [left, bottom, right, top] = this.bounds;
    const margin = 0.92;
    this.x = (left + right) / 2;
    this.y = (bottom + top) / 2;
    this.scale = margin * Math.min(this.width / Math.max(right - left, 20),
                                   this.height / Math.max(top - bottom, 20));
  }

  screenX(x) { return (x - this.x) * this.scale + this.width / 2; }
  screenY(y) { return (this.y - y) * this.scale + this.height / 2; }
  mapX(px) { return (px - this.width / 2) / this.scale + this.x; }
  mapY(py) { return this.y - (py - this.height / 2) / this.scale; }

  pan(dx, dy) {
    this.x -= dx / this.scale;
    this.y += dy / this.scale;
  }

  /** Keeps the place under the pixel where it is. */
  zoom(factor, px, py) {
    const x = this.mapX(px), y = this.mapY(py);
    this.scale = Math.min(Math.max(this.scale * factor, 0.005), 80);
    this.x += x - this.mapX(px);
    this.y += y - this.mapY(py);
  }

  shows(left, bottom, right, top) {
    return this.screenX(right) > 0 && this.screenX(left) < this.width &&
           this.screenY(bottom) > 0 && this.screenY(top) < this.height;
  }

  /** From here on the context draws in metres. */
  apply(context, ratio) {
    const s = this.scale * ratio;
    context.setTransform(s, 0, 0, -s, this.width * ratio / 2 - this.x * s,
                         this.height * ratio / 2 + this.y * s);
  }
}

/** `line` ([x, y, x, y, ...]) moved `distance` metres to its left. */
const offsetLine = (line, distance) => {
  const out = [];
  const points = line.length / 2;
  const normal = (i, j) => {
    const dx = line[2 * j] - line[2 * i], dy = line[2 * j + 1] - line[2 * i + 1];
    const length = Math.hypot(dx, dy);
    return length > 0 ? [-dy / length, dx / length] : null;
  };
  for (let i = 0; i < points; ++i) {
    const before = i > 0 ? normal(i - 1, i) : null;
    const after = i + 1 < points ? normal(i, i + 1) : null;
    const a = before || after || [0, 0], b = after || before || [0, 0];
    let nx = (a[0] + b[0]) / 2, ny = (a[1] + b[1]) / 2;
    const square = Math.max(nx * nx + ny * ny, 0.25);  // a limited mitre
    nx /= square;
    ny /= square;
    out.push(line[2 * i] + nx * distance, line[2 * i + 1] + ny * distance);
  }
  return out;
};

const tracePath = (path, line) => {
  path.moveTo(line[0], line[1]);
  for (let i = 2; i < line.length; i += 2) path.lineTo(line[i], line[i + 1]);
};

/** Roads, in tiles so that only those on the screen are drawn. */
class RoadLayer {
  constructor(data) {
    this.tiles = new Map();
    const places = (line) => line.map((value) => value * data.placeUnit);
    for (const shape of data.junctions) {
      const line = places(shape), tile = this.tileOf(line, 0);
      tracePath(tile.areas, line);
      tile.areas.closePath();
    }
    const {shape, width, internal, edge} = data.lanes;
    this.shapes = shape.map(places);
    this.shapes.forEach((line, lane) => {
      if (line.length < 4) return;
      const half = width[lane] / 2, tile = this.tileOf(line, half);
      if (!tile.roads.has(width[lane])) tile.roads.set(width[lane], new Path2D());
      tracePath(tile.roads.get(width[lane]), line);
      if (internal[lane]) return;
      const inner = edge[lane + 1] === edge[lane];
      tracePath(inner ? tile.dashes : tile.sides, offsetLine(line, half));
      if (edge[lane - 1] !== edge[lane]) tracePath(tile.sides, offsetLine(line, -half));
    });
  }

  tileOf(line, margin) {
    const size = 250, middle = line.length >> 2;
    const key = `${Math.floor(line[2 * middle] / size)} ${Math.floor(line[2 * middle + 1] / size)}`;
    let tile = this.tiles.get(key);
    if (!tile) {
      tile = {areas: new Path2D(), roads: new Map(), dashes: new Path2D(), sides: new Path2D(),
              left: Infinity, bottom: Infinity, right: -Infinity, top: -Infinity};
      this.tiles.set(key, tile);
    }
    for (let i = 0; i < line.length; i += 2) {
      tile.left = Math.min(tile.left, line[i] - margin);
      tile.right = Math.max(tile.right, line[i] + margin);
      tile.bottom = Math.min(tile.bottom, line[i + 1] - margin);
      tile.top = Math.max(tile.top, line[i + 1] + margin);
    }
    return tile;
  }

  draw(context, view, ratio, colors) {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = colors.ground;
    context.fillRect(0, 0, view.width * ratio, view.height * ratio);
    view.apply(context, ratio);
    const tiles = [...this.tiles.values()].filter(
        (tile) => view.shows(tile.left, tile.bottom, tile.right, tile.top));
    context.fillStyle = context.strokeStyle = colors.road;
    context.lineCap = 'butt';
    context.lineJoin = 'round';
    for (const tile of tiles) {
      context.fill(tile.areas);
      for (const [width, path] of tile.roads) {
        context.lineWidth = Math.max(width, 1.4 / view.scale);
        context.stroke(path);
      }
    }
    if (view.scale < 2) return;
    context.strokeStyle = colors.paint;
    context.lineWidth = Math.max(0.12, 0.7 / view.scale);
    for (const tile of tiles) {
      context.setLineDash([3, 4.5]);
      context.stroke(tile.dashes);
      context.setLineDash([]);
      context.stroke(tile.sides);
    }
  }
}

/** Bars across the ends of lanes in their signals' colours. */
class StopLines {
  constructor(data, shapes) {
    this.bars = data.stops.flatMap(([lane, signal, link, slot, slots]) => {
      const line = shapes[lane], n = line.length;
      if (n < 4) return [];
      const x = line[n - 2], y = line[n - 1];
      const length = Math.hypot(x - line[n - 4], y - line[n - 3]) || 1;
      const ux = (x - line[n - 4]) / length, uy = (y - line[n - 3]) / length;
      const width = data.lanes.width[lane];
      // To the right of the driver first.
      const right = width / 2 - slot * width / slots, left = right - width / slots;
      const gap = slots > 1 ? 0.12 : 0;
      return [{signal, link, x, y, ux, uy, right: right - gap, left: left + gap}];
    });
  }

  draw(context, view, signals, frame, colors) {
    if (view.scale < 0.15) return;
    const paths = {};
    for (const bar of this.bars) {
      if (!view.shows(bar.x - 5, bar.y - 5, bar.x + 5, bar.y + 5)) continue;
      const kind = StopLines.kind(signals.letter(bar.signal, bar.link, frame));
      // Go is thin, stop is thick: the colour is not the only sign.
      const depth = Math.max(kind === 'go' ? 0.7 : 1.4, (kind === 'go' ? 1.5 : 3) / view.scale);
      const path = paths[kind] || (paths[kind] = new Path2D());
      const corner = (side, back) => [bar.x + bar.uy * side - bar.ux * back,
                                      bar.y - bar.ux * side - bar.uy * back];
      path.moveTo(...corner(bar.right, 0));
      path.lineTo(...corner(bar.left, 0));
      path.lineTo(...corner(bar.left, depth));
      path.lineTo(...corner(bar.right, depth));
      path.closePath();
    }
    for (const [kind, path] of Object.entries(paths)) {
      context.fillStyle = colors[kind];
      context.fill(path);
    }
  }

  static kind(letter) {
    if (letter === 'G' || letter === 'g') return 'go';
    if (letter === 'r' || letter === 's') return 'stop';
    return letter === 'y' || letter === 'Y' || letter === 'u' ? 'caution' : 'off';
  }
}

/** Vehicles as boxes; those of one colour are filled at once. */
class VehicleLayer {
  constructor(data) {
    this.vehicles = data.vehicles;
    this.twins = new Set(data.vehicles.twins);
    this.top = data.topSpeed;
    this.speedColors = VehicleLayer.ramp(data.speedColors, 32);
  }

  static ramp(stops, count) {
    const parts = stops.map((stop) => [1, 3, 5].map((i) => parseInt(stop.slice(i, i + 2), 16)));
    return Array.from({length: count}, (_, i) => {
      const at = i / (count - 1) * (stops.length - 1);
      const low = Math.min(Math.floor(at), stops.length - 2), share = at - low;
      const mixed = parts[low].map((a, c) => Math.round(a + share * (parts[low + 1][c] - a)));
      return `rgb(${mixed.join(' ')})`;
    });
  }

  colorOf(scene, i, mode, colors) {
    if (mode === 'type') {
      return colors.types[this.vehicles.type[scene.vehicle[i]] % colors.types.length];
    }
    const at = Math.round(scene.speed[i] / this.top * (this.speedColors.length - 1));
    return this.speedColors[Math.min(Math.max(at, 0), this.speedColors.length - 1)];
  }

  /** The corners of a box `from` to `to` metres behind the front, `share` of the width. */
  box(path, scene, i, length, width, from, to) {
    const cos = Math.cos(scene.heading[i]), sin = Math.sin(scene.heading[i]);
    const half = width / 2, x = scene.x[i], y = scene.y[i];
    path.moveTo(x - from * cos - half * sin, y - from * sin + half * cos);
    path.lineTo(x - from * cos + half * sin, y - from * sin - half * cos);
    path.lineTo(x - to * cos + half * sin, y - to * sin - half * cos);
    path.lineTo(x - to * cos - half * sin, y - to * sin + half * cos);
    path.closePath();
  }

  /** Returns how many are on the screen. */
  draw(context, view, scene, mode, colors) {
    const bodies = new Map(), glass = new Path2D(), brakes = new Path2D();
    const roofs = new Path2D();  // twins have a mark on theirs
    const detail = view.scale > 5;
    let drawn = 0;
    for (let i = 0; i < scene.size; ++i) {
      const vehicle = scene.vehicle[i];
      // Small boxes stay visible from far away.
      const length = Math.max(this.vehicles.length[vehicle], 6 / view.scale);
      const width = Math.max(this.vehicles.width[vehicle], 3 / view.scale);
      const x = scene.x[i], y = scene.y[i];
      if (!view.shows(x - length, y - length, x + length, y + length)) continue;
      ++drawn;
      const color = this.colorOf(scene, i, mode, colors);
      let path = bodies.get(color);
      if (!path) bodies.set(color, path = new Path2D());
      this.box(path, scene, i, length, width, 0, length);
      if (view.scale > 1.5 && this.twins.has(vehicle)) {
        this.box(roofs, scene, i, length, width * 0.4, length * 0.5, length * 0.75);
      }
      if (detail) {
        this.box(glass, scene, i, length, width * 0.78, 0.9, Math.min(1.7, length * 0.6));
        if (scene.accel[i] < -0.5) {
          this.box(brakes, scene, i, length, width * 0.9, length - 0.35, length);
        }
      }
    }
    for (const [color, path] of bodies) {
      context.fillStyle = color;
      context.fill(path);
    }
    context.fillStyle = colors.ink;
    context.fill(roofs);
    if (detail) {
      context.fillStyle = colors.glass;
      context.fill(glass);
      context.fillStyle = colors.brake;
      context.fill(brakes);
    }
    return drawn;
  }
}

/** Everything together. */
class Scene {
  constructor(data, tracks, canvas) {
    this.data = data;
    this.tracks = tracks;
    this.canvas = canvas;
    this.context = canvas.getContext('2d', {alpha: false});
    this.roads = new RoadLayer(data);
    this.stops = new StopLines(data, this.roads.shapes);
    this.vehicles = new VehicleLayer(data);
    this.signals = new Signals(data);
    this.view = new View(data.bounds);
    this.ground = document.createElement('canvas');  // the roads of the last view
    this.groundKey = '';
    this.readColors();
  }

  readColors() {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(`--${name}`).trim();
    this.colors = {types: [0, 1, 2, 3, 4, 5].map((i) => color(`c${i}`))};
    for (const name of ['ground', 'road', 'paint', 'glass', 'brake', 'go', 'caution', 'stop',
                        'off', 'ink', 'page', 'band0', 'band1', 'band2', 'band3']) {
      this.colors[name] = color(name);
    }
    this.groundKey = '';
  }

  /** Takes the size of the element; false where it has not changed. */
  resize() {
    const box = this.canvas.getBoundingClientRect();
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const width = Math.max(box.width, 1), height = Math.max(box.height, 1);
    if (width === this.view.width && height === this.view.height && ratio === this.ratio) {
      return false;
    }
    Object.assign(this.view, {width, height});
    this.ratio = ratio;
    for (const canvas of [this.canvas, this.ground]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    this.groundKey = '';
    return true;
  }

  /** Draws the moment; `chosen` is the followed vehicle or -1. Returns the counts on the screen. */
  draw(time, {mode, chosen, allConflicts}) {
    const {context, view, ratio} = this;
    const key = `${view.x} ${view.y} ${view.scale}`;
    if (key !== this.groundKey) {
      this.roads.draw(this.ground.getContext('2d', {alpha: false}), view, ratio, this.colors);
      this.groundKey = key;
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.ground, 0, 0);
    view.apply(context, ratio);
    const scene = this.tracks.sceneAt(time);
    this.stops.draw(context, view, this.signals, this.tracks.frameAt(time), this.colors);
    const drawn = this.vehicles.draw(context, view, scene, mode, this.colors);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.drawSight(scene, chosen, time);
    this.drawChosen(scene, chosen);
    const rings = this.drawConflicts(time, allConflicts);
    this.drawScaleBar();
    return {scene, drawn, rings};
  }

  drawChosen(scene, chosen) {
    const i = chosen < 0 ? -1 : scene.vehicle.subarray(0, scene.size).indexOf(chosen);
    if (i < 0) return;
    const {context, view} = this, length = this.data.vehicles.length[chosen];
    const x = view.screenX(scene.x[i] - Math.cos(scene.heading[i]) * length / 2);
    const y = view.screenY(scene.y[i] - Math.sin(scene.heading[i]) * length / 2);
    context.strokeStyle = this.colors.ink;
    context.lineWidth = 2;
    context.beginPath();
    context.arc(x, y, Math.max(12, length * 0.75 * view.scale), 0, 2 * Math.PI);
    context.stroke();
  }

  /** How far a driver sees the vehicle ahead, in metres; null: far enough. */
  sightAt(time) {
    const steps = this.data.sight;
    let metres = null;
    for (let i = 0; i < steps.length && steps[i] <= time; i += 2) metres = steps[i + 1];
    return metres;
  }

  /** Veils what the followed driver does not see. */
  drawSight(scene, chosen, time) {
    const i = chosen < 0 ? -1 : scene.vehicle.subarray(0, scene.size).indexOf(chosen);
    const metres = this.sightAt(time);
    if (i < 0 || metres === null) return;
    const {context, view} = this, radius = metres * view.scale;
    const x = view.screenX(scene.x[i]), y = view.screenY(scene.y[i]);
    context.beginPath();
    context.rect(0, 0, view.width, view.height);
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.globalAlpha = 0.55;
    context.fillStyle = this.colors.page;
    context.fill('evenodd');
    context.globalAlpha = 1;
    context.strokeStyle = context.fillStyle = this.colors.ink;
    context.lineWidth = 1;
    context.setLineDash([4, 4]);
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
    context.setLineDash([]);
    context.font = '12px system-ui, "DejaVu Sans", sans-serif';
    context.fillText(`sees ${Math.round(metres)} m`, x + radius * 0.71 + 6, y - radius * 0.71 - 6);
  }

  drawConflicts(time, all) {
    const {context, view} = this;
    let rings = 0;
    for (const conflict of this.data.conflicts) {
      const now = time >= conflict.begin - 0.5 && time <= conflict.end + 1;
      if ((!now && !all) || conflict.x === null || conflict.y === null) continue;
      const x = view.screenX(conflict.x), y = view.screenY(conflict.y);
      if (x < -40 || y < -40 || x > view.width + 40 || y > view.height + 40) continue;
      const color = this.colors[`band${conflict.band}`];
      context.beginPath();
      if (!now) {
        context.fillStyle = color;
        context.arc(x, y, 3, 0, 2 * Math.PI);
        context.fill();
        continue;
      }
      ++rings;
      // Worse is wider; a pulse draws the eye.
      const pulse = 2.5 * Math.sin((time - conflict.begin) * 2 * Math.PI);
      context.arc(x, y, 15 + 3 * conflict.band + pulse, 0, 2 * Math.PI);
      context.strokeStyle = this.colors.page;
      context.lineWidth = 6 + conflict.band;
      context.stroke();
      context.strokeStyle = color;
      context.lineWidth = 2.5 + conflict.band;
      context.stroke();
    }
    return rings;
  }

  drawScaleBar() {
    const {context, view, colors} = this;
    const power = 10 ** Math.floor(Math.log10(120 / view.scale));
    const metres = power * ([5, 2, 1].find((d) => d * power * view.scale <= 120) || 1);
    const width = metres * view.scale, x = 16, y = view.height - 16;
    context.strokeStyle = context.fillStyle = colors.ink;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(x, y - 5);
    context.lineTo(x, y);
    context.lineTo(x + width, y);
    context.lineTo(x + width, y - 5);
    context.stroke();
    context.font = '12px system-ui, "DejaVu Sans", sans-serif';
    context.fillText(metres >= 1000 ? `${metres / 1000} km` : `${metres} m`, x + 4, y - 6);
    if (this.vehicles.twins.size > 0) {
      context.fillText('dark roof: twin, with dynamics of its own', x + width + 16, y);
    }
  }

  /** The vehicle under a pixel, or -1. */
  pick(time, px, py) {
    const scene = this.tracks.sceneAt(time), view = this.view;
    let best = -1, least = Infinity;
    for (let i = 0; i < scene.size; ++i) {
      const length = this.data.vehicles.length[scene.vehicle[i]];
      const x = view.screenX(scene.x[i] - Math.cos(scene.heading[i]) * length / 2);
      const y = view.screenY(scene.y[i] - Math.sin(scene.heading[i]) * length / 2);
      const away = Math.hypot(x - px, y - py);
      if (away < least && away < Math.max(12, length * 0.6 * view.scale)) {
        least = away;
        best = scene.vehicle[i];
      }
    }
    return best;
  }
}
