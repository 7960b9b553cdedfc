// Two runs beside each other, at the same time and place; and the page's start.

/**
 * The right pane is the viewer's own, with its list of conflicts; the left one goes along.
 * `data.runs` are what twin/animation_data.cc embeds, the roads in the first one only.
 */
class SideBySide extends Viewer {
  constructor(data) {
    const {lanes, junctions, stops} = data.runs[0];
    const runs = data.runs.map((run) => ({...run, lanes, junctions, stops}));
    super(runs[data.right]);
    this.runs = runs;
    this.bindPointer(byId('map-left'), (x, y) => this.pickLeft(x, y));
    for (const side of ['left', 'right']) {
      const choice = byId(`run-${side}`);
      choice.value = data[side];
      choice.addEventListener('change', () => this.setRun(side, Number(choice.value)));
    }
    this.setRun('left', data.left);
    this.readHash();
  }

  /** Shows run `index` on a side, where the view and the time stay. */
  setRun(side, index) {
    const data = this.runs[index];
    if (!data) return;
    byId(`run-${side}`).value = index;
    const id = this.data.vehicles.id[this.follow];
    const tracks = new Tracks(data);
    const scene = new Scene(data, tracks, byId(side === 'left' ? 'map-left' : 'map'));
    if (side === 'left') {
      this.left = {data, tracks, scene};
    } else {
      Object.assign(scene.view, this.scene.view);
      Object.assign(this, {data, tracks, scene, conflict: -1});
      this.follow = data.vehicles.id.indexOf(id);
      byId('vehicle').hidden = this.follow < 0;
      this.setRange();
      this.fillLegend();
      this.fillConflicts();
    }
    scene.resize();
    this.seek(this.time);
    this.drawMarks();
    this.draw();
  }

  readHash() {
    if (!this.runs) return;  // the viewer's own beginning
    const words = new URLSearchParams(location.hash.slice(1));
    for (const side of ['left', 'right']) {
      if (words.has(side)) this.setRun(side, Number(words.get(side)));
    }
    super.readHash();
  }

  readColors() {
    super.readColors();
    this.left.scene.readColors();
  }

  resize() {
    const moved = this.left ? this.left.scene.resize() : false;
    super.resize();
    if (moved) this.draw();
  }

  draw() {
    super.draw();
    if (!this.left) return;
    const {x, y, scale} = this.scene.view;
    Object.assign(this.left.scene.view, {x, y, scale});
    const drawn = this.left.scene.draw(Math.min(this.time, this.left.tracks.end), {
      mode: byId('color').value, allConflicts: byId('all').checked,
      chosen: this.left.data.vehicles.id.indexOf(this.data.vehicles.id[this.follow]),
    });
    byId('count-left').textContent = SideBySide.countText(drawn);
  }

  showState(state) {
    super.showState(state);
    byId('count-right').textContent = SideBySide.countText(state);
  }

  static countText({scene, rings}) {
    return `${scene.size} vehicles, ${rings} ${rings === 1 ? 'conflict' : 'conflicts'} in view`;
  }

  /** The vehicle at a pixel of the left pane, by its number on the right; -1 where it is not. */
  pickLeft(x, y) {
    const vehicle = this.left.scene.pick(this.time, x, y);
    return vehicle < 0 ? -1 : this.data.vehicles.id.indexOf(this.left.data.vehicles.id[vehicle]);
  }
}

if (typeof document !== 'undefined') {
  const data = JSON.parse(byId('data').textContent);
  if (data.runs) new SideBySide(data); else new Viewer(data);
}
