"""Hook of MkDocs: pages that lie elsewhere in the repository, such as the model cards, belong to the site too.

Every file is known by its path in the repository. So a link from one to another is the same on GitHub and in the site,
and no text is copied.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files, InclusionLevel


def on_files(files: Files, config: Any) -> Files:
    """The files of the site: those of docs/ at its root, those that `extra: from_the_tree` names in their folders."""
    repository = Path(config.config_file_path).parent
    docs = Path(config.docs_dir)
    known = []
    for file in files:
        if file.src_dir == str(docs):  # not one of the theme's
            path = (docs / file.src_uri).relative_to(repository).as_posix()
            file = _file(path, config, dest_uri=file.dest_uri, inclusion=file.inclusion)
        known.append(file)
    for pattern in config.extra["from_the_tree"]:
        found = sorted(path.relative_to(repository).as_posix() for path in repository.glob(pattern))
        if not found:
            raise FileNotFoundError(f"{pattern} of mkdocs.yml is not in the repository")
        known += [_file(path, config, inclusion=InclusionLevel.INCLUDED) for path in found]
    return Files(known)


def _file(path: str, config: Any, **place: Any) -> File:
    return File(path, str(Path(config.config_file_path).parent), config.site_dir, config.use_directory_urls, **place)
