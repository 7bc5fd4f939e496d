import sys
from pathlib import Path

# What the tests of this folder share lies beside them: test modules are not packages.
sys.path.insert(0, str(Path(__file__).parent))
