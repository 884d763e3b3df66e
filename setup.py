"""Every fact about the package; pyproject.toml names the build system and the tools' settings."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'^__version__ = "(.+)"$', (HERE / "fastly/_version.py").read_text(), re.M)[1]

setup(
    name="fastly",
    version=VERSION,
    description="A typed, synchronous client of Fastly's billing API",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
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
    keywords=["fastly", "billing", "invoice", "api", "client"],
    classifiers=[
        "Development Status :: 5 - Production/Stable",
        "Intended Audience :: Developers",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Typing :: Typed",
    ],
)
