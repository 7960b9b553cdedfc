#include "tersor/serve/chat_page.h"

namespace tersor::serve {

std::string ChatPage() {
  return R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tersor</title>
<style>
:root { color-scheme: light dark; --line: #8884; --mine: #4a7bd022; }
* { box-sizing: border-box; }
body { margin: 0; height: 100vh; display: flex; flex-direction: column;
       font: 16px/1.5 system-ui, sans-serif; }
header, form, main { width: 100%; max-width: 48rem; margin: 0 auto; padding: .75rem 1rem; }
header { display: flex; gap: 1rem; align-items: baseline; border-bottom: 1px solid var(--line); }
header b { flex: 1; }
label { font-size: .85rem; }
input[type=number] { width: 5rem; }
main { flex: 1; overflow-y: auto; }
.turn { white-space: pre-wrap; overflow-wrap: anywhere; padding: .5rem .75rem; margin: .5rem 0;
        border-radius: .5rem; }
.user { background: var(--mine); margin-left: 15%; }
.error { color: #c33; }
form { display: flex; gap: .5rem; border-top: 1px solid var(--line); }
textarea { flex: 1; font: inherit; padding: .5rem; resize: none; }
button { font: inherit; padding: .25rem 1rem; }
footer { text-align: center; font-size: .8rem; opacity: .7; padding-bottom: .5rem; }
</style>
</head>
<body>
<header><b id="model">tersor</b>
<label>temperature <input id="temperature" type="number" value="0.8" min="0" max="2" step="0.1"></label>
<label>tokens <input id="tokens" type="number" value="256" min="1" step="1"></label>
<button id="clear" type="button">New</button></header>
<main id="turns" aria-live="polite"></main>
<form id="form"><textarea id="text" rows="2" placeholder="Write a message; Enter sends it" autofocus></textarea>
<button id="send">Send</button></form>
<footer id="rate"></footer>
<script>
const $ = id => document.getElementById(id);
let messages = [], running = null, key = '';

function headers() {
  const h = {'Content-Type': 'application/json'};
  if (key) h.Authorization = 'Bearer ' + key;
  return h;
}
async function ask(path, options) {
  let response = await fetch(path, {...options, headers: headers()});
  if (response.status === 401) {
    key = prompt('API key') || '';
    response = await fetch(path, {...options, headers: headers()});
  }
  return response;
}
function show(role, text) {
  const turn = document.createElement('div');
  turn.className = 'turn ' + role;
  turn.textContent = text;
  $('turns').append(turn);
  turn.scrollIntoView();
  return turn;
}
async function answer() {
  const turn = show('assistant', '');
  const began = performance.now();
  let text = '', tokens = 0, rest = '';
  running = new AbortController();
  $('send').textContent = 'Stop';
  try {
    const response = await ask('/v1/chat/completions', {method: 'POST', signal: running.signal,
      body: JSON.stringify({messages, stream: true, stream_options: {include_usage: true},
        temperature: +$('temperature').value, max_tokens: +$('tokens').value})});
    if (!response.ok) throw new Error((await response.json()).error.message);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const {value, done} = await reader.read();
      if (done) break;
      const events = (rest + value).split('\n\n');
      rest = events.pop();
      for (const event of events) {
        const data = event.replace(/^data: /, '');
        if (data === '[DONE]') continue;
        const json = JSON.parse(data);
        if (json.error) throw new Error(json.error.message);
        if (json.usage) tokens = json.usage.completion_tokens;
        if (json.choices.length) text += json.choices[0].delta.content || '';
        turn.textContent = text;
        turn.scrollIntoView({block: 'end'});
      }
    }
    $('rate').textContent =
        (tokens / (performance.now() - began) * 1000).toFixed(1) + ' tokens/s';
  } catch (error) {
    if (error.name !== 'AbortError') show('error', error.message);
  }
  messages.push({role: 'assistant', content: text});
  running = null;
  $('send').textContent = 'Send';
}
$('form').onsubmit = event => {
  event.preventDefault();
  if (running) { running.abort(); return; }
  const text = $('text').value.trim();
  if (!text) return;
  $('text').value = '';
  messages.push({role: 'user', content: text});
  show('user', text);
  answer();
};
$('text').onkeydown = event => {
  if (event.key === 'Enter' && !event.shiftKey) { event.preventDefault(); $('form').requestSubmit(); }
};
$('clear').onclick = () => { messages = []; $('turns').textContent = ''; };
ask('/v1/models').then(r => r.json()).then(j => { $('model').textContent = j.data[0].id; });
</script>
</body>
</html>
)html";
}

}  // namespace tersor::serve
