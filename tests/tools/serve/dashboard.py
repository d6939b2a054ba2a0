# SPDX-License-Identifier: GPL-2.0-only
"""dashboard.py ADMINISTER LOOK BRIEF SERVER: the main path of each page, with tokens of those roles; a line a check."""
import os, signal, subprocess, sys, traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from browser import Browser

url, fl, pictures = os.environ['URL'], os.environ['FL'], os.environ.get('SERVE_PICTURES')
adm, look, brief, server = sys.argv[1:5]


def check(what, good, said=''):
	print(('ok ' if good else 'not ok ') + what + ('' if good else f' ({said!r})'), flush=True)


def sees(b, what, expression, seconds=20):
	try:
		check(what, b.wait(expression, seconds))
	except TimeoutError as e:
		check(what, False, str(e) + b.ask("document.body.innerText")[-300:])


def says(b, what, text, seconds=20):
	sees(b, what, f'document.body.textContent.includes({text!r})', seconds)


def picture(b, name):
	if pictures:
		b.picture(f'{pictures}/{name}.png')


def fits(b, what):
	b.size(360, 740)
	width = b.ask('document.documentElement.scrollWidth')
	check(f'{what}: no wider than 360 pixels', width <= 360, width)
	picture(b, f'phone-{what}')
	b.size(1280, 800)


def labels(b, what):
	"""Every control has a name that a screen reader can say."""
	bare = b.ask('''[...document.querySelectorAll('input, select, textarea, button')].filter((e) => !(e.labels && e.labels.length) &&
		!e.getAttribute('aria-label') && !e.textContent.trim()).map((e) => e.outerHTML).join()''')
	check(f'{what}: every control has a name', bare == '', bare)


def enter(b, token):
	b.go(url + '/')
	b.fill('#token', token)
	b.key('Enter')
	b.click('Enter')


def come_in(a, other):
	a.go(url + '/')
	a.fill('#token', 'flt_wrong')
	a.click('Enter')
	says(a, 'a wrong token is refused in words', 'this token is not known here')
	labels(a, 'login')
	enter(a, adm)
	says(a, 'in, and nothing is on', 'No fault is on')
	enter(other, look)
	says(other, 'another person, who may look', 'may look')
	check('who may look has no red button', other.ask("document.querySelector('#stop').hidden"))
	check('the token is in no cookie', a.ask('document.cookie') == '')


def one_fault(a, other):
	a.click('New fault')
	says(a, 'kinds that cannot be done here say so', '(not here)', 60)
	sees(a, 'a hostile name is offered as text', "[...document.querySelectorAll('option')].some((o) => o.value.includes('<img'))")
	a.fill('#target', 'netns:flt-a')
	a.fill('#p-delay', '20ms')
	a.click('Preview')
	says(a, 'preview: who would be hit', 'fltv1')
	labels(a, 'new')
	picture(a, 'new')
	fits(a, 'new')
	a.click('On')
	says(a, 'on', 'is active')
	a.click('Now')
	sees(a, 'its hits count up', "parseInt(document.querySelector('.count').textContent) > 5")
	sees(other, 'the other person sees it as well', "parseInt((document.querySelector('.count') || {}).textContent) > 5")
	a.click('Change')
	sees(a, 'what is live can be changed', "!!document.querySelector('.card input')")
	picture(a, 'now')
	fits(a, 'now')
	a.fill('.card input[name=delay]', '40ms')
	says(other, 'a change is seen by the other, too', 'delay 40ms')
	a.click('Off')
	says(other, 'off, and gone for both', 'No fault is on')


def pages_and_halt(a, other):
	a.click('Runs')
	a.click('Report')
	says(a, 'a report is text, whatever is in it', '# <script>alert(1)</script>')
	a.click('Audit')
	says(a, 'the audit log has it', 'PATCH /v1/faults/')
	picture(a, 'audit')
	a.click('Doctor')
	sees(a, 'doctor', "document.querySelectorAll('td').length > 60")
	picture(a, 'doctor')
	a.click('Now')
	a.click('Stop everything')
	says(other, 'stop everything: the other sees the halt', 'halted by')
	picture(a, 'stopped')
	a.click('Allow faults again')
	sees(other, 'and its end', "document.querySelector('#banner').hidden")


def cut_off(other):
	front = int(subprocess.run(['pgrep', '-P', server, '-x', 'fl-serve'], capture_output=True, text=True).stdout)
	os.kill(front, signal.SIGKILL)
	subprocess.run([fl, 'inject', 'null', 'netns:flt-a', '--for', '20s', '--detach'], stdout=subprocess.DEVNULL)
	sees(other, 'the line is cut: what happened meanwhile is there', "!!document.querySelector('.count')")
	other.click('Forget the token')
	enter(other, brief)
	says(other, 'a third token', 'token brief')
	subprocess.run([fl, 'serve', 'token', 'remove', 'brief'])
	says(other, 'a token that was taken back: out', 'Who are you?')


def looks(a, other):
	for b in (a, other):
		wrong = [s for s in b.said if 'Failed to load resource' not in s and 'ERR_' not in s]
		check('no error of the page, no breach of its policy', not wrong, wrong)
	dark = Browser(dark=True)
	try:
		enter(dark, adm)
		says(dark, 'dark', 'netns:flt-a')
		back = dark.ask("getComputedStyle(document.body).backgroundColor")
		check('dark is dark', back == 'rgb(19, 19, 22)', back)
		picture(dark, 'dark')
	finally:
		dark.close()


a, other = Browser(), Browser()
try:
	come_in(a, other)
	one_fault(a, other)
	pages_and_halt(a, other)
	cut_off(other)
	looks(a, other)
except Exception:
	traceback.print_exc()
	sys.exit(1)
finally:
	a.close()
	other.close()
