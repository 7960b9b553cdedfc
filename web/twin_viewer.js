// The page's controls: time, view, who is followed, the list of conflicts.

const kSpeeds = [0.25, 0.5, 1, 2, 5, 10, 20, 50];
const kListed = 300;  // conflicts in the list at most
const kBandNames = ['above 1.5 s', 'TTC ≤ 1.5 s', 'TTC ≤ 1.0 s', 'TTC ≤ 0.5 s'];

const byId = (id) => document.getElementById(id);

const clockText = (seconds) => {
  const tenths = Math.round(seconds * 10), minutes = Math.floor(tenths / 600);
  return `${minutes}:${((tenths - minutes * 600) / 10).toFixed(1).padStart(4, '0')}`;
};

const decimals = (value, digits, unit) =>
    value === null ? 'n/a' : `${value.toFixed(digits)} ${unit}`;

class Viewer {
  constructor(data) {
    this.data = data;
    this.tracks = new Tracks(data);
    this.scene = new Scene(data, this.tracks, byId('map'));
    this.time = this.tracks.start;  // s
    this.playing = false;
    this.follow = -1;
    this.conflict = -1;
    this.last = 0;        // ms, of the last picture
    this.pending = false;
    this.bindControls();
    this.bindKeys();
    this.bindPointer(byId('map'), (x, y) => this.scene.pick(this.time, x, y));
    this.fillLegend();
    this.fillConflicts();
    this.scene.resize();
    this.scene.view.fit();
    this.drawMarks();
    this.draw();
    this.readHash();
    addEventListener('hashchange', () => this.readHash());
    new ResizeObserver(() => this.resize()).observe(byId('map'));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.readColors();
      this.drawMarks();
      this.redraw();
    });
  }

  /** `#t=12.5&play&follow=ID&conflict=3`: where another page's link leads. */
  readHash() {
    const words = new URLSearchParams(location.hash.slice(1));
    if (words.has('t')) this.seek(Number(words.get('t')) || 0);
    if (words.has('speed')) byId('speed').value = words.get('speed');
    if (words.has('conflict')) this.showConflict(Number(words.get('conflict')));
    if (words.has('follow')) this.setFollow(this.data.vehicles.id.indexOf(words.get('follow')));
    if (words.has('play')) this.setPlaying(true);
  }

  readColors() { this.scene.readColors(); }

  redraw() {
    if (this.pending) return;
    this.pending = true;
    const draw = () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      this.frame(performance.now());  // one clock for both
    };
    const frame = requestAnimationFrame(draw);
    // A browser without a screen may ask for no frames; a page in the background waits for them.
    const timer = setTimeout(() => document.hidden || draw(), 100);
  }

  frame(now) {
    this.pending = false;
    this.advance(now);
    this.draw();
    if (this.playing) this.redraw();
  }

  advance(now) {
    if (this.playing) {
      // A page that was in the background goes on where it was.
      const passed = this.last > 0 ? Math.min(now - this.last, 250) : 0;
      this.time = Math.min(this.time + passed / 1000 * Number(byId('speed').value),
                           this.tracks.end);
      if (this.time >= this.tracks.end) this.setPlaying(false);
    }
    this.last = this.playing ? now : 0;
  }

  draw() {
    this.centre();
    const drawn = this.scene.draw(this.time, {
      mode: byId('color').value, chosen: this.follow, allConflicts: byId('all').checked,
    });
    this.showState(drawn);
  }

  /** The followed vehicle stays in the middle. */
  centre() {
    if (this.follow < 0) return;
    const scene = this.tracks.sceneAt(this.time);
    const i = scene.vehicle.subarray(0, scene.size).indexOf(this.follow);
    if (i < 0) return;
    this.scene.view.x = scene.x[i];
    this.scene.view.y = scene.y[i];
  }

  showState({scene, drawn, rings}) {
    const slider = byId('time');
    if (document.activeElement !== slider || this.playing) slider.value = this.time;
    slider.setAttribute('aria-valuetext', clockText(this.time));
    byId('clock').textContent = `${clockText(this.time)} / ${clockText(this.tracks.end)}`;
    byId('count').textContent = `${scene.size} vehicles, ${drawn} in view` +
        (rings > 0 ? `, ${rings} ${rings === 1 ? 'conflict' : 'conflicts'} now` : '');
    if (this.follow < 0) return;
    const i = scene.vehicle.subarray(0, scene.size).indexOf(this.follow);
    const {lanes} = this.data;
    const facts = i < 0 ? {speed: 'not on the road now', accel: '', lane: ''} : {
      speed: `${scene.speed[i].toFixed(1)} m/s, ${(scene.speed[i] * 3.6).toFixed(0)} km/h`,
      accel: `${scene.accel[i].toFixed(1)} m/s²`,
      lane: lanes.id[scene.lane[i]] || 'n/a',
    };
    for (const [name, text] of Object.entries(facts)) byId(`vehicle-${name}`).textContent = text;
  }

  seek(time) {
    this.time = Math.min(Math.max(time, this.tracks.start), this.tracks.end);
    byId('time').value = this.time;
    this.redraw();
  }

  setPlaying(playing) {
    if (playing && this.time >= this.tracks.end) this.time = this.tracks.start;
    this.playing = playing;
    this.last = 0;
    byId('play').textContent = playing ? 'Pause' : 'Play';
    if (playing) this.redraw();
  }

  setFollow(vehicle) {
    this.follow = vehicle;
    byId('vehicle').hidden = vehicle < 0;
    if (vehicle >= 0) {
      const {id, type, types, length, width} = this.data.vehicles;
      byId('vehicle-id').textContent = id[vehicle];
      byId('vehicle-type').textContent =
          `${types[type[vehicle]]}, ${length[vehicle]} × ${width[vehicle]} m`;
      this.scene.view.scale = Math.max(this.scene.view.scale, 6);
    }
    this.redraw();
  }

  /** The next or the last vehicle on the road, by `step` of 1 or -1. */
  followNext(step) {
    const scene = this.tracks.sceneAt(this.time);
    const road = [...scene.vehicle.subarray(0, scene.size)].sort((a, b) => a - b);
    if (road.length === 0) return;
    const later = step > 0 ? road.find((v) => v > this.follow)
                           : road.findLast((v) => v < this.follow);
    this.setFollow(later !== undefined ? later : road[step > 0 ? 0 : road.length - 1]);
  }

  showConflict(index) {
    const conflict = this.data.conflicts[index];
    if (!conflict) return;
    this.conflict = index;
    this.setFollow(-1);
    this.setPlaying(false);
    if (conflict.x !== null && conflict.y !== null) {
      this.scene.view.x = conflict.x;
      this.scene.view.y = conflict.y;
      this.scene.view.scale = Math.max(this.scene.view.scale, 6);
    }
    for (const row of byId('conflicts').querySelectorAll('button')) {
      row.setAttribute('aria-current', row.dataset.index === String(index));
    }
    this.seek(conflict.time);
  }

  /** A canvas of a new size is empty: it is drawn at once, or it would flash. */
  resize() {
    if (!this.scene.resize()) return;
    this.drawMarks();
    this.draw();
  }

  /** Where on the time bar conflicts are. */
  drawMarks() {
    const canvas = byId('marks'), context = canvas.getContext('2d');
    canvas.width = Math.max(canvas.clientWidth, 1) * (devicePixelRatio || 1);
    canvas.height = Math.max(canvas.clientHeight, 1) * (devicePixelRatio || 1);
    const length = Math.max(this.tracks.end - this.tracks.start, 1e-9);
    const ordered = [...this.data.conflicts].sort((a, b) => a.band - b.band);
    for (const conflict of ordered) {
      context.fillStyle = this.scene.colors[`band${conflict.band}`];
      const x = (conflict.time - this.tracks.start) / length * (canvas.width - 2);
      const height = canvas.height * (0.4 + 0.2 * conflict.band);
      context.fillRect(x, canvas.height - height, 2, height);
    }
  }

  fillLegend() {
    const {data} = this, legend = byId('legend');
    legend.replaceChildren();
    const add = (tag, text, parent = legend) => {
      const element = parent.appendChild(document.createElement(tag));
      element.textContent = text;
      return element;
    };
    if (byId('color').value === 'type') {
      const list = add('ul', '');
      data.vehicles.types.forEach((name, i) => {
        const item = add('li', '', list);
        add('i', '', item).style.background = `var(--c${i % 6})`;
        item.append(name);
      });
      return;
    }
    const bar = add('div', '');
    bar.className = 'ramp';
    bar.style.background = `linear-gradient(to right, ${data.speedColors.join(', ')})`;
    const ends = add('div', '');
    ends.className = 'ends';
    for (const share of [0, 0.5, 1]) {
      const value = data.topSpeed * share;
      add('span', share < 1 ? `${value}` : `${value} m/s`, ends);
    }
  }

  fillConflicts() {
    const list = byId('conflicts'), least = Number(byId('band').value);
    const {conflicts, vehicles} = this.data;
    const kept = conflicts.map((conflict, index) => ({conflict, index}))
                     .filter(({conflict}) => conflict.band >= least);
    // The worst ones where there is no room for all.
    const listed = kept.length <= kListed ? kept
        : kept.sort((a, b) => b.conflict.band - a.conflict.band).slice(0, kListed)
              .sort((a, b) => a.index - b.index);
    list.replaceChildren(...listed.map(({conflict, index}) => {
      const row = document.createElement('li');
      const button = row.appendChild(document.createElement('button'));
      button.type = 'button';
      button.dataset.index = index;
      const swatch = button.appendChild(document.createElement('i'));
      swatch.className = `band${conflict.band}`;
      swatch.title = kBandNames[conflict.band];
      const text = button.appendChild(document.createElement('span'));
      text.textContent = `${clockText(conflict.time)} ${conflict.type}`;
      const pair = [conflict.first, conflict.second].map((v) => vehicles.id[v] ?? 'unknown');
      for (const line of [`TTC ${decimals(conflict.ttc, 2, 's')}, ` +
                              `DRAC ${decimals(conflict.drac, 1, 'm/s²')}`,
                          pair.join(' and ')]) {
        button.appendChild(document.createElement('small')).textContent = line;
      }
      button.addEventListener('click', () => this.showConflict(index));
      return row;
    }));
    byId('listed').textContent = listed.length < kept.length
        ? `the ${listed.length} most severe of ${kept.length}` : `${kept.length}`;
  }

  /** The slider covers the run. */
  setRange() {
    const slider = byId('time');
    slider.min = this.tracks.start;
    slider.max = this.tracks.end;
    slider.step = 0.1;
  }

  bindControls() {
    const slider = byId('time');
    this.setRange();
    slider.addEventListener('input', () => this.seek(Number(slider.value)));
    byId('play').addEventListener('click', () => this.setPlaying(!this.playing));
    byId('color').addEventListener('change', () => { this.fillLegend(); this.redraw(); });
    byId('all').addEventListener('change', () => this.redraw());
    byId('band').addEventListener('change', () => this.fillConflicts());
    byId('release').addEventListener('click', () => this.setFollow(-1));
    byId('zoom-in').addEventListener('click', () => this.zoomMiddle(1.4));
    byId('zoom-out').addEventListener('click', () => this.zoomMiddle(1 / 1.4));
    byId('fit').addEventListener('click', () => this.fit());
    byId('find').addEventListener('submit', (event) => {
      event.preventDefault();
      const vehicle = this.data.vehicles.id.indexOf(byId('find-id').value.trim());
      byId('find-id').setAttribute('aria-invalid', vehicle < 0);
      if (vehicle >= 0) this.findVehicle(vehicle);
    });
  }

  /** Follows a vehicle, from when it is on the road. */
  findVehicle(vehicle) {
    const {tracks} = this, track = tracks.vehicle.indexOf(vehicle);
    if (track >= 0) {
      const begin = tracks.times[tracks.first[track]];
      const end = tracks.times[tracks.first[track] + tracks.length[track] - 1];
      if (this.time < begin || this.time > end) this.seek(begin);
    }
    this.setFollow(vehicle);
  }

  fit() {
    this.setFollow(-1);
    this.scene.view.fit();
    this.redraw();
  }

  zoomMiddle(factor) {
    this.scene.view.zoom(factor, this.scene.view.width / 2, this.scene.view.height / 2);
    this.redraw();
  }

  pan(dx, dy) {
    if (this.follow >= 0) this.setFollow(-1);
    this.scene.view.pan(dx, dy);
    this.redraw();
  }

  changeSpeed(step) {
    const at = kSpeeds.indexOf(Number(byId('speed').value)) + step;
    byId('speed').value = kSpeeds[Math.min(Math.max(at, 0), kSpeeds.length - 1)];
  }

  bindKeys() {
    const jump = (step) => {
      const {conflicts} = this.data;
      if (conflicts.length > 0) {
        this.showConflict((this.conflict + step + conflicts.length) % conflicts.length);
      }
    };
    const actions = {
      ' ': () => this.setPlaying(!this.playing),
      ',': () => this.seek(this.time - 1), '.': () => this.seek(this.time + 1),
      '<': () => this.seek(this.time - 10), '>': () => this.seek(this.time + 10),
      '+': () => this.zoomMiddle(1.25), '=': () => this.zoomMiddle(1.25),
      '-': () => this.zoomMiddle(0.8), '0': () => this.fit(),
      '[': () => this.changeSpeed(-1), ']': () => this.changeSpeed(1),
      f: () => this.followNext(1), F: () => this.followNext(-1),
      n: () => jump(1), N: () => jump(-1),
      Escape: () => this.setFollow(-1),
      ArrowLeft: () => this.pan(60, 0), ArrowRight: () => this.pan(-60, 0),
      ArrowUp: () => this.pan(0, 60), ArrowDown: () => this.pan(0, -60),
    };
    addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      // Controls keep the keys that are theirs.
      const tag = event.target.tagName, type = event.target.type;
      if ((tag === 'INPUT' && type === 'text') || tag === 'SELECT') return;
      if (event.key.startsWith('Arrow') && event.target !== byId('map')) return;
      if (event.key === ' ' && (tag === 'BUTTON' || tag === 'SUMMARY' || type === 'checkbox')) {
        return;
      }
      const action = actions[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    });
  }

  /** Drag to pan, wheel or two fingers to zoom, a click to follow what `pick` finds at a pixel. */
  bindPointer(map, pick) {
    const fingers = new Map();
    let moved = 0;
    const at = (event) => {
      const box = map.getBoundingClientRect();
      return {x: event.clientX - box.left, y: event.clientY - box.top};
    };
    map.addEventListener('pointerdown', (event) => {
      map.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, at(event));
      if (fingers.size === 1) moved = 0;
    });
    map.addEventListener('pointermove', (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const now = at(event), dx = now.x - before.x, dy = now.y - before.y;
      fingers.set(event.pointerId, now);
      moved += Math.abs(dx) + Math.abs(dy);
      if (fingers.size === 1 && moved > 4) this.pan(dx, dy);
      if (fingers.size !== 2) return;
      const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
      const span = (finger) => Math.max(Math.hypot(finger.x - other.x, finger.y - other.y), 1);
      if (this.follow < 0) this.scene.view.pan(dx / 2, dy / 2);
      this.scene.view.zoom(span(now) / span(before), (now.x + other.x) / 2,
                           (now.y + other.y) / 2);
      this.redraw();
    });
    const lift = (event) => {
      const place = fingers.get(event.pointerId);
      if (!fingers.delete(event.pointerId) || event.type !== 'pointerup' || moved > 4) return;
      const vehicle = pick(place.x, place.y);
      if (vehicle >= 0) this.setFollow(vehicle);
    };
    for (const type of ['pointerup', 'pointercancel']) map.addEventListener(type, lift);
    map.addEventListener('wheel', (event) => {
      event.preventDefault();
      const place = at(event), pixels = event.deltaY * (event.deltaMode === 1 ? 30 : 1);
      this.scene.view.zoom(Math.exp(-pixels * 0.0015), place.x, place.y);
      this.redraw();
    }, {passive: false});
  }
}
