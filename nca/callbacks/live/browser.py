"""Opening an address in the user's browser, if that does not disturb the terminal."""

import os
import webbrowser
from threading import Thread

__all__ = ["open_in_browser"]


def open_in_browser(address: str) -> bool:
    """Open an address, without waiting. Returns whether there is a browser with a window of its own."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    if type(browser) is webbrowser.GenericBrowser and "BROWSER" not in os.environ:
        return False  # a browser of the terminal, as lynx, which would fill it and is nobody's choice
    Thread(target=browser.open, args=(address,), daemon=True).start()
    return True
