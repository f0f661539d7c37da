"""``python -m stratagraph.service`` is the program too."""

from stratagraph.service.app import main

main()
