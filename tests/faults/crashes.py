"""What logs say of processes that nobody killed and that ended all the same."""
import re


def crashes(text):
    """Lines of a log: ended by a signal that is not SIGKILL, or said by a sanitizer."""
    return re.findall(r".*ended by signal(?!: 9$).*|.*Sanitizer.*|.*runtime error.*", text, re.M)
