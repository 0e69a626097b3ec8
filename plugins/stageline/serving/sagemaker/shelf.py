"""Where archives lie on S3: each under its own digest, put there once, whole."""

import base64
from typing import Any

from stageline.exceptions import TargetError
from stageline.serving.sagemaker.archive import Archive
from stageline.serving.sagemaker.failures import NotAcceptedError, NotThereError, asking

_NAME = "model.tar.gz"


class Shelf:
    """A folder on S3.

    :param client: boto3's of S3.
    :param root: `s3://BUCKET/PREFIX`.
    """

    def __init__(self, client: Any, root: str) -> None:
        self._client = client
        self._root = root
        self._bucket, _, self._prefix = root.removeprefix("s3://").partition("/")

    def put(self, archive: Archive) -> str:
        """Return the address of an archive, which is put there unless it is there already.

        :raises TargetError: Other bytes lie there, or it may not be put there.
        :raises SageMakerOutage: S3 cannot be reached.
        """
        key = "/".join(part for part in (self._prefix, archive.digest, _NAME) if part)
        address = f"s3://{self._bucket}/{key}"
        checksum = base64.b64encode(bytes.fromhex(archive.digest)).decode()
        found = self._checksum(key, address)
        if found is None:
            try:
                with asking("PutObject", repr(address)):
                    self._client.put_object(
                        Bucket=self._bucket, Key=key, Body=archive.data, IfNoneMatch="*",
                        ChecksumAlgorithm="SHA256", ChecksumSHA256=checksum, ContentType="application/gzip",
                    )  # fmt: skip
            except NotAcceptedError:
                # Another copy of this step may have been faster; whose bytes they are is looked at.
                found = self._checksum(key, address)
                if found is None:
                    raise
        if found not in (None, checksum):
            raise TargetError(
                f"{address!r} holds other bytes than were put there (SHA-256 {found or 'not recorded'}, not "
                f"{checksum}): somebody replaced the archive; delete it and find out who, then run the step again"
            )
        return address

    def _checksum(self, key: str, address: str) -> str | None:
        """Return the SHA-256 that S3 recorded of an object: empty where it did not, none where there is no object."""
        try:
            with asking("HeadObject", repr(address)):
                answer = self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        except NotThereError:
            return None
        return str(answer.get("ChecksumSHA256") or "")
