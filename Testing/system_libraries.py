"""Checks the system libraries that Qt and VTK need; installs what is missing when root on a Debian-like system."""
import ctypes
import glob
import os
import shutil
import subprocess
import sys

#: library -> Debian package, by its name in Debian 12; later releases install the renamed ones (libglib2.0-0t64) for it.
#: No wheel declares these. A test reads from the wheels' files what they link: an update that needs another one fails there.
LIBRARIES = {
    "libEGL.so.1": "libegl1", "libGL.so.1": "libgl1", "libX11.so.6": "libx11-6", "libbrotlidec.so.1": "libbrotli1",
    "libbrotlicommon.so.1": "libbrotli1", "libdbus-1.so.3": "libdbus-1-3", "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6", "libglib-2.0.so.0": "libglib2.0-0", "libgthread-2.0.so.0": "libglib2.0-0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2", "libxkbcommon.so.0": "libxkbcommon0", "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}
#: what Qt and VTK open by name when they draw: no file links it
OPENED_BY_NAME = {"libOpenGL.so.0": "libopengl0", "libEGL_mesa.so.0": "libegl-mesa0"}
#: needed for a window on a screen only
WINDOW_LIBRARIES = {
    "libX11-xcb.so.1": "libx11-xcb1", "libxcb.so.1": "libxcb1", "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0", "libxcb-icccm.so.4": "libxcb-icccm4", "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1", "libxcb-randr.so.0": "libxcb-randr0", "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0", "libxcb-shape.so.0": "libxcb-shape0", "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1", "libxcb-util.so.1": "libxcb-util1", "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1", "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
DRIVERS = ("/usr/lib/*/dri/swrast_dri.so", "/usr/lib/*/libgallium*.so", "/usr/lib*/dri/swrast_dri.so")
FONTS = ("/usr/share/fonts/**/*.ttf", "/usr/share/fonts/**/*.otf")


def missing_packages():
    """What is missing: a list of (what, Debian package)."""
    wanted = {**LIBRARIES, **OPENED_BY_NAME, **(WINDOW_LIBRARIES if os.environ.get("DISPLAY") else {})}
    missing = []
    for library, package in wanted.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append((library, package))
    if not any(glob.glob(pattern) for pattern in DRIVERS):
        missing.append(("a software OpenGL driver", "libgl1-mesa-dri"))
    if not any(glob.iglob(pattern, recursive=True) for pattern in FONTS):
        missing.append(("a font", "fonts-dejavu-core"))
    return missing


def main():
    """Exit status 0 when all is there, 2 after one line that names what is not."""
    missing = missing_packages() if sys.platform == "linux" else []
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        packages = sorted({package for _, package in missing})
        print("Installing system libraries:", " ".join(packages), flush=True)
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], check=False,
                       stdout=subprocess.DEVNULL, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        missing = missing_packages()
    if missing:
        names = ", ".join(what for what, _ in missing)
        packages = " ".join(sorted({package for _, package in missing}))
        print(f"setup: missing system libraries: {names}; on Debian: apt-get install {packages}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
