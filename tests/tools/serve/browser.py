# SPDX-License-Identifier: GPL-2.0-only
"""A headless Chromium, driven by its DevTools protocol over a pipe (--remote-debugging-pipe): no library is needed."""
import base64, json, os, select, shutil, subprocess, tempfile, time


class Browser:
	def __init__(self, width=1280, height=800, dark=False):
		self.n = 0
		self.buffer = b''
		self.said = []  # exceptions and console errors of the page
		self.profile = tempfile.mkdtemp(prefix='fltest-chromium.')
		to_it, self.write = os.pipe()
		self.read, from_it = os.pipe()
		self.dev_null = open(os.devnull, 'wb')

		def descriptors():
			os.dup2(to_it, 30), os.dup2(from_it, 31)
			os.dup2(30, 3), os.dup2(31, 4)

		self.process = subprocess.Popen(
			['chromium', '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
			 '--disable-background-networking', '--disable-component-update', f'--window-size={width},{height}',
			 f'--user-data-dir={self.profile}', '--remote-debugging-pipe', 'about:blank'] +
			(['--force-dark-mode'] if dark else []),
			stdin=subprocess.DEVNULL, stdout=self.dev_null, stderr=self.dev_null, preexec_fn=descriptors,
			close_fds=False)
		os.close(to_it), os.close(from_it)
		target = self.command('Target.createTarget', {'url': 'about:blank'})['targetId']
		self.session = self.command('Target.attachToTarget', {'targetId': target, 'flatten': True})['sessionId']
		for domain in ('Page', 'Runtime', 'Log'):
			self.command(domain + '.enable')
		self.size(width, height)
		if dark:
			self.command('Emulation.setEmulatedMedia', {'features': [{'name': 'prefers-color-scheme', 'value': 'dark'}]})

	def message(self, until):
		while b'\0' not in self.buffer:
			if not select.select([self.read], [], [], max(0, until - time.monotonic()))[0]:
				raise TimeoutError('the browser does not answer')
			part = os.read(self.read, 1 << 16)
			if not part:
				raise EOFError('the browser ended')
			self.buffer += part
		one, self.buffer = self.buffer.split(b'\0', 1)
		return json.loads(one)

	def command(self, method, params=None, seconds=30):
		self.n += 1
		ask = {'id': self.n, 'method': method, 'params': params or {}}
		if getattr(self, 'session', None):
			ask['sessionId'] = self.session
		os.write(self.write, json.dumps(ask).encode() + b'\0')
		until = time.monotonic() + seconds
		while True:
			m = self.message(until)
			if m.get('method') == 'Runtime.exceptionThrown':
				self.said.append(m['params']['exceptionDetails'].get('exception', {}).get('description', 'exception'))
			if m.get('method') == 'Log.entryAdded' and m['params']['entry']['level'] == 'error':
				self.said.append(m['params']['entry']['text'] + ' ' + m['params']['entry'].get('url', ''))
			if m.get('id') == self.n:
				if 'error' in m:
					raise RuntimeError(m['error'])
				return m['result']

	def size(self, width, height):
		self.command('Emulation.setDeviceMetricsOverride', {'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': width < 500})

	def go(self, url):
		self.command('Page.navigate', {'url': url})

	def ask(self, expression):
		r = self.command('Runtime.evaluate', {'expression': expression, 'returnByValue': True, 'awaitPromise': True})
		if 'exceptionDetails' in r:
			raise RuntimeError(r['exceptionDetails'].get('exception', {}).get('description', 'exception'))
		return r['result'].get('value')

	def wait(self, expression, seconds=20):
		until = time.monotonic() + seconds
		while time.monotonic() < until:
			try:
				value = self.ask(expression)
			except RuntimeError:
				value = None  # the page is being loaded
			if value:
				return value
			time.sleep(0.05)
		raise TimeoutError(f'never true: {expression}')

	def click(self, text):
		self.wait(f'!!{button(text)}')
		self.ask(f'{button(text)}.click()')

	def fill(self, selector, value):
		self.wait(f'!!document.querySelector({json.dumps(selector)})')
		self.ask(f'''(() => {{ const e = document.querySelector({json.dumps(selector)}); e.value = {json.dumps(value)};
			for (const t of ['input', 'change']) e.dispatchEvent(new Event(t, {{bubbles: true}})); }})()''')

	def key(self, key, code=0):
		for kind in ('keyDown', 'keyUp'):
			self.command('Input.dispatchKeyEvent', {'type': kind, 'key': key, 'code': key, 'windowsVirtualKeyCode': code})

	def picture(self, path):
		data = self.command('Page.captureScreenshot', {'format': 'png'})['data']
		with open(path, 'wb') as f:
			f.write(base64.b64decode(data))

	def close(self):
		try:
			self.session = None
			self.command('Browser.close', seconds=5)
		except (OSError, EOFError, TimeoutError):
			self.process.kill()
		self.process.wait()
		os.close(self.read), os.close(self.write)
		self.dev_null.close()
		shutil.rmtree(self.profile, ignore_errors=True)


def button(text):
	return f'''[...document.querySelectorAll('button, nav a')].find((b) => !b.disabled && b.textContent.trim() === {json.dumps(text)})'''
