// The study's page: consent, instructions, pairs for a set time, breaks, debriefing.
"use strict";

const ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const TOO_SOON_MS = 150; // nobody sees and chooses in less; a key still held down does
const AHEAD = 6; // trials whose pictures are fetched before their turn
const KEYS = { ArrowLeft: "left", f: "left", F: "left", ArrowRight: "right", j: "right", J: "right" };
const SCREENS = ["welcome", "instructions", "trial", "rest", "debriefing", "withdrawn"];

const at = (id) => document.getElementById(id);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const frame = () => new Promise((done) => requestAnimationFrame(done));
const clicked = (id) =>
  new Promise((done) => at(id).addEventListener("click", done, { once: true }));

// What must outlive a reload: the code, and an answer that the server has not confirmed yet.
const kept = {
  get(key) {
    try { return JSON.parse(localStorage.getItem(`study.${key}`)); } catch { return null; }
  },
  set(key, value) {
    try {
      if (value === null) localStorage.removeItem(`study.${key}`);
      else localStorage.setItem(`study.${key}`, JSON.stringify(value));
    } catch { /* private windows may keep nothing; the page goes on without */ }
  },
};

class Refused extends Error {}

let session = null;
let wantsPause = false;
const pictures = new Map();

function notice(text, problem = false) {
  at("notice").textContent = text;
  at("notice").classList.toggle("problem", problem);
}

function show(screen) {
  for (const id of SCREENS) at(id).hidden = id !== screen;
  at("bar").hidden = screen !== "trial";
  at(screen).querySelector("h1").focus({ preventScroll: screen === "trial" });
  if (screen !== "trial") scrollTo(0, 0);
}

// Ask until there is an answer: a lost connection and a restarting server only take time.
async function ask(address, body) {
  for (let wait = 500; ; wait = Math.min(2 * wait, 8000)) {
    try {
      const reply = await fetch(address, body && {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      const value = await reply.json();
      if (reply.ok) {
        notice("");
        return value;
      }
      if (reply.status < 500) throw new Refused(value.error);
    } catch (error) {
      if (error instanceof Refused) throw error;
    }
    notice("No connection. Nothing is lost; trying again …", true);
    await sleep(wait);
  }
}

function newCode() {
  const letters = [...crypto.getRandomValues(new Uint8Array(8))].map((n) => ALPHABET[n % 32]);
  return `${letters.slice(0, 4).join("")}-${letters.slice(4).join("")}`;
}

function typedCode(text) {
  const letters = text.toUpperCase().replace(/[^0-9A-Z]/g, "");
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}

// Fetch and decode a picture before its time; tried again until it is there.
function picture(address) {
  if (!pictures.has(address)) {
    const load = async () => {
      for (let wait = 500; ; wait = Math.min(2 * wait, 8000)) {
        const image = new Image();
        image.alt = "";
        image.draggable = false;
        image.src = address;
        try {
          await image.decode();
          return image;
        } catch {
          notice("No connection. Nothing is lost; trying again …", true);
          await sleep(wait);
        }
      }
    };
    pictures.set(address, load());
  }
  return pictures.get(address);
}

function fetchAhead(number) {
  for (const trial of session.trials.slice(number, number + AHEAD)) {
    picture(trial.left);
    picture(trial.right);
  }
}

// Put a pair into its frames, unseen.
async function place(trial) {
  for (const side of ["left", "right"]) {
    const image = await picture(trial[side]);
    const box = at(side).querySelector(".frame");
    box.querySelector("img")?.remove();
    box.append(image);
    await image.decode().catch(() => {});
  }
}

function progress(number) {
  const trial = session.trials[number];
  const practice = session.trials.filter((t) => t.practice).length;
  const [done, all] = trial.practice
    ? [number, practice]
    : [number - practice, session.trials.length - practice];
  at("progress").max = all;
  at("progress").value = done;
  at("count").textContent = `${trial.practice ? "Practice" : "Pair"} ${done + 1} of ${all}`;
}

function enable(on) {
  for (const side of ["left", "right"]) {
    at(side).disabled = !on;
    if (on) at(side).removeAttribute("aria-pressed");
  }
}

// Resolves with the side, by tap, click or key, and the time since the pair appeared.
function choice(start) {
  return new Promise((done) => {
    const stop = new AbortController();
    const take = (side) => {
      const reaction = performance.now() - start;
      if (reaction < TOO_SOON_MS) return;
      stop.abort();
      at(side).setAttribute("aria-pressed", "true");
      done([side, reaction]);
    };
    for (const side of ["left", "right"])
      at(side).addEventListener("click", () => take(side), { signal: stop.signal });
    document.addEventListener("keydown", (event) => {
      const side = KEYS[event.key];
      if (!side || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      take(side);
    }, { signal: stop.signal });
  });
}

async function runTrial(number) {
  const trial = session.trials[number];
  const stage = at("stage");
  stage.className = "";
  enable(false);
  for (const side of ["left", "right"]) at(side).removeAttribute("aria-pressed");
  at("feedback").hidden = true;
  at("question").textContent = "Which one is the photo?";
  progress(number);
  fetchAhead(number);
  await Promise.all([place(trial), sleep(session.fixation_ms)]);
  if (document.hidden)
    await new Promise((done) =>
      document.addEventListener("visibilitychange", done, { once: true })).then(() => sleep(session.fixation_ms));

  stage.className = "shown";
  await frame();
  const start = performance.now();
  let gone = null;
  const hide = () => {
    if (gone !== null) return;
    gone = performance.now();
    stage.className = "over";
  };
  setTimeout(hide, session.show_ms);
  enable(true);
  const [side, reaction] = await choice(start);
  hide();
  enable(false);
  const answer = {
    rater: session.rater,
    trial: number,
    choice: side,
    reaction_ms: Math.round(reaction),
    shown_ms: Math.round(gone - start),
  };
  kept.set("pending", answer);
  let reply;
  try {
    reply = await ask("/api/answer", answer);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    location.reload(); // answered in another window, or withdrawn: begin from what is kept
    await new Promise(() => {});
  }
  kept.set("pending", null);
  session.answered = reply.answered;
  pictures.delete(trial.left);
  pictures.delete(trial.right);
  if (trial.practice) await feedback(reply.correct, side);
}

async function feedback(correct, side) {
  const photo = correct ? side : side === "left" ? "right" : "left";
  at("verdict").textContent = correct
    ? `Correct: the photo was on the ${photo}.`
    : `Wrong: the photo was on the ${photo}.`;
  at("feedback").hidden = false;
  at("next").focus();
  await clicked("next");
}

async function rest(title, text) {
  at("rest-title").textContent = title;
  at("rest-text").textContent = text;
  show("rest");
  await clicked("resume");
  show("trial");
}

async function run() {
  const { trials, break_every: every } = session;
  const practice = trials.filter((trial) => trial.practice).length;
  const done = () => session.answered;
  if (done() < trials.length) show("trial");
  while (done() < trials.length) {
    const left = trials.length - done();
    if (wantsPause) {
      wantsPause = false;
      await rest("Paused", `${left} pairs are left. Go on when you like.`);
    }
    await runTrial(done());
    const main = done() - practice;
    const remain = trials.length - done();
    if (practice && main === 0)
      await rest("Practice is over", `From now on you are not told what was right. ${remain} pairs follow.`);
    else if (main > 0 && remain > 0 && main % every === 0)
      await rest("A break", `Rest your eyes for a moment. ${remain} pairs are left.`);
  }
  await debrief();
}

async function debrief() {
  const result = await ask("/api/debriefing", { rater: session.rater });
  at("found").textContent =
    `That was the last pair. You found the photo in ${result.found} of ${result.pairs} pairs; ` +
    `whoever guesses finds about ${Math.round(result.pairs / 2)}.`;
  at("credits").replaceChildren(...result.credits.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
  at("debriefing-contact").textContent = result.contact ? `Questions: ${result.contact}` : "";
  show("debriefing");
}

async function enter(code) {
  session = await ask("/api/session", { rater: code });
  kept.set("rater", session.rater);
  for (const place of document.querySelectorAll(".rater")) place.textContent = session.rater;
  const practice = session.trials.filter((trial) => trial.practice).length;
  at("practice-note").textContent = practice
    ? `The first ${practice} pairs are practice: there you are told what was right.` : "";
  fetchAhead(session.answered);
}

async function begin(code) {
  await enter(code);
  if (session.answered === 0) {
    show("instructions");
    await clicked("start");
  } else if (session.answered < session.trials.length) {
    await rest("Welcome back", `${session.trials.length - session.answered} pairs are left.`);
  }
  await run();
}

async function comeBack() {
  const pending = kept.get("pending");
  if (pending) {
    await ask("/api/answer", pending).catch(() => {});
    kept.set("pending", null);
  }
  const code = kept.get("rater");
  if (!code) return false;
  try {
    await begin(code);
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    kept.set("rater", null);
    notice("");
    return false;
  }
}

async function welcome() {
  const about = await ask("/api/welcome");
  const seconds = about.show_ms / 1000;
  for (const place of document.querySelectorAll(".show-time"))
    place.textContent = seconds === 1 ? "one second" : `${seconds} seconds`;
  const trials = about.pairs + about.practice;
  const minutes = Math.max(1, Math.round((trials * (about.show_ms + 2500)) / 60000));
  at("welcome-pairs").textContent =
    `There are ${about.pairs} pairs${about.practice ? ` after ${about.practice} for practice` : ""}; ` +
    `it takes about ${minutes} ${minutes === 1 ? "minute" : "minutes"}.`;
  at("welcome-contact").textContent = about.contact ? `Questions: ${about.contact}` : "";
  if (!(await comeBack())) show("welcome");
}

at("consent-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const rater = newCode();
  await ask("/api/join", { rater, consent: at("consent").checked });
  await begin(rater);
});

at("code-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  at("code-problem").textContent = "";
  try {
    await begin(typedCode(at("code").value));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    at("code-problem").textContent = error.message;
  }
});

at("pause").addEventListener("click", () => {
  wantsPause = true;
  notice("Paused after this pair.");
});

at("withdraw").addEventListener("click", async () => {
  if (!confirm("Leave all your answers out of the study? This cannot be undone.")) return;
  await ask("/api/withdraw", { rater: session.rater });
  kept.set("rater", null);
  show("withdrawn");
});

welcome();
