"""A published cohort of a few files on a server of this machine, with the list that says so."""
import hashlib
import json
import pathlib

from file_server import FileServer


class PublishedOnLoopback:
    """A server with files, and their list for the environment variable TUMORCONNECTOME_COHORT_LIST.

    Parameters
    ----------
    contents : dict of str to bytes
        File name to content.
    list_file : path
        Written here; files whose names begin with V are listed without their size.
    """

    def __init__(self, contents, list_file):
        self.contents, self.list_file = contents, pathlib.Path(list_file)
        self.server = FileServer({f"embeddings/{name}": content for name, content in contents.items()})
        listed = [{"path": f"embeddings/{name}", "blob": hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest(),
                   **({} if name.startswith("V") else {"bytes": len(content)})} for name, content in contents.items()]
        self.list_file.write_text(json.dumps({
            "name": "NLST-Sybil", "title": "Test", "repository": "Test", "commit": "0123456789abcdef" * 2 + "01234567",
            "license": "Apache-2.0", "base": self.server.url, "files": listed}))

    def here(self, folder):
        """Names of the whole files in a folder; fails when one of them is not what was published."""
        names = [path.name for path in pathlib.Path(folder).glob("*_features.pkl")]
        for name in names:
            assert (pathlib.Path(folder) / name).read_bytes() == self.contents[name]
        return set(names)
