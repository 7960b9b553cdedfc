// Plays the clips of a contact sheet: each canvas shows frames of a strip of pictures.

const players = [...document.querySelectorAll('canvas[data-strip]')].map((canvas) => {
  const strip = new Image();
  strip.src = canvas.dataset.strip;
  return {canvas, strip, context: canvas.getContext('2d')};
});

const speed = document.getElementById('speed');
const play = document.getElementById('play');
let playing = !matchMedia('(prefers-reduced-motion: reduce)').matches;
let position = 0, before = 0;

const draw = () => {
  const frame = Math.floor(position) % kFrames;
  for (const {canvas, strip, context} of players) {
    if (strip.complete && strip.naturalWidth > 0) {
      const {width, height} = canvas;
      context.drawImage(strip, 0, frame * height, width, height, 0, 0, width, height);
    }
  }
};

const label = () => { play.textContent = playing ? 'Pause' : 'Play'; };

const tick = (now) => {
  if (playing && before > 0) {
    position = (position + (now - before) / 1000 * kFps * Number(speed.value)) % kFrames;
    draw();
  }
  before = now;
  requestAnimationFrame(tick);
};

play.addEventListener('click', () => {
  playing = !playing;
  label();
});
for (const {strip} of players) {
  strip.addEventListener('load', draw);
}
label();
draw();
requestAnimationFrame(tick);
