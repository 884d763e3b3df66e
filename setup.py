"""Every fact about the package; pyproject.toml names the build system and the tools' settings."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'^__version__ = "(.+)"$', (HERE / "fastly/_version.py").read_text(), re.M)[1]


def long_description() -> str:
    """Return the README for a package index, where links to files of the project lead nowhere."""
    text = (HERE / "README.md").read_text(encoding="utf-8")
    without_pictures = re.sub(r"^!\[[^\]]*\]\((?!https:)[^)]*\)\n\n?", "", text, flags=re.M)
    without_links = re.sub(r"\[([^\]]+)\]\((?!https:)[^)]*\)", r"\1", without_pictures)
    return f"{without_links}\nThe pages named here are in the source distribution.\n"


setup(
    name="fastly-billing",
    version=VERSION,
    description="A typed, synchronous client for Fastly's billing API",
    long_description=long_description(),
    long_description_content_type="text/markdown",
    author="the fastly-billing contributors",
    license="MIT",
    license_files=["LICENSE"],
    packages=find_packages(include=["fastly", "fastly.*"]),
    package_data={"fastly": ["py.typed"]},
    python_requires=">=3.10",
    install_requires=[
        # 2.6.3 bounds the decoding of redirects' bodies, which earlier releases did not.
        "urllib3>=2.6.3,<3",
        "python-dateutil>=2.8.2",
        "certifi>=2023.7.22",
    ],
    entry_points={
        "console_scripts": ["fastly-billing = fastly.cli.main:main"],
        "pytest11": ["fastly_billing = fastly.testing.pytest_plugin"],
    },
    keywords=["fastly", "billing", "invoices", "usage", "costs", "finops", "api", "client", "sdk"],
    classifiers=[
        "Development Status :: 5 - Production/Stable",
        "Environment :: Console",
        "Framework :: Pytest",
        "Intended Audience :: Developers",
        "Intended Audience :: Financial and Insurance Industry",
        "Intended Audience :: System Administrators",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: 3.14",
        "Programming Language :: Python :: 3.15",
        "Topic :: Internet :: WWW/HTTP",
        "Topic :: Office/Business :: Financial",
        "Topic :: Software Development :: Libraries :: Python Modules",
        "Typing :: Typed",
    ],
)
