"""Workers: the processes of a cluster, and what each does with one volume."""
