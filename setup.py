"""Map the folders at the top of the repository into the package `stratagraph`; all else stands in pyproject.toml."""

from setuptools import find_packages, setup

FOLDERS = ("ontology", "shapes", "loaders", "queries", "service")
roots = {f"stratagraph.{folder}": folder for folder in FOLDERS}
inner = [f"stratagraph.{folder}.{name}" for folder in FOLDERS for name in find_packages(folder)]

setup(package_dir={"stratagraph": "src/stratagraph", **roots}, packages=["stratagraph", *roots, *inner])
